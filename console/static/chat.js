"use strict";
/* The shopper's page. A sent message is kept until the server acknowledges it, and repeated with
   the same id; the next one waits for it, so that they are stored in their order. Lines are
   requested by sequence number, so that none is lost or shown twice. */
(() => {
  const words = JSON.parse(document.querySelector('meta[name="tf-words"]').content);
  const lang = document.querySelector('meta[name="tf-lang"]').content;
  const byId = (id) => document.getElementById(id);
  const VISITOR = "tingfeng-visitor";
  const OUTBOX = "tingfeng-outbox";
  const DRAFT = "tingfeng-draft";
  const PROBE = "tingfeng-kept";
  const FIRST_WAIT = 400;
  const LONGEST_WAIT = 15000;
  const LONGEST = 16000;
  const SITE_WAIT = 1500;
  const memory = new Map();
  const seen = new Set();
  let after = 0;
  let failures = 0;
  let socket = null;
  let isReady = false;
  let refusedVisitors = 0;
  let inFlight = null; /* id of the one message that waits for its acknowledgement */
  let retry = null; /* timer of a message that the server wants later */

  /* Without storage (blocked or full) the page works until it is closed, and says so. In a frame the
     site around it is asked to keep what is to be kept: see embed.js. */
  let isBlocked = false;
  let site = null; /* origin of the site that keeps it */
  const isFramed = window.parent !== window;
  let isStarted = false;
  const block = () => {
    if (isBlocked) return;
    isBlocked = true;
    if (!isFramed || isStarted) warn();
  };
  const warn = () => {
    byId("notice").textContent = words.memory;
    byId("notice").hidden = false;
  };
  const keep = (name, value) => {
    memory.set(name, value);
    if (site) window.parent.postMessage({ tingfeng: "keep", name, value }, site);
    if (isBlocked) return;
    try {
      localStorage.setItem(name, value);
    } catch {
      block();
    }
  };
  const kept = (name) => {
    if (isBlocked && memory.has(name)) return memory.get(name);
    try {
      return localStorage.getItem(name);
    } catch {
      block();
      return memory.get(name) ?? null;
    }
  };
  const askSite = (then) => {
    const end = (origin, values) => {
      clearTimeout(timer);
      window.removeEventListener("message", hear);
      Object.entries(values).forEach(([name, value]) => {
        if (typeof value === "string" && kept(name) === null) memory.set(name, value);
      });
      site = origin;
      if (site) keep(VISITOR, visitor());
      else warn();
      then();
    };
    const hear = (event) => {
      /* Only our own origin and chat_origins may frame this page, so that the parent is the brand's. */
      if (event.source !== window.parent || event.data?.tingfeng !== "kept") return;
      end(event.data.values ? event.origin : null, event.data.values ?? {});
    };
    const timer = setTimeout(() => end(null, {}), SITE_WAIT);
    window.addEventListener("message", hear);
    window.parent.postMessage({ tingfeng: "load" }, "*");
  };
  const random = (bytes) => {
    const found = crypto.getRandomValues(new Uint8Array(bytes));
    return btoa(String.fromCharCode(...found)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const visitor = () => {
    if (!kept(VISITOR)) keep(VISITOR, random(32));
    return kept(VISITOR);
  };
  const outbox = () => {
    try {
      const found = JSON.parse(kept(OUTBOX) ?? "[]");
      return Array.isArray(found) ? found : [];
    } catch {
      return [];
    }
  };
  const setOutbox = (messages) => keep(OUTBOX, JSON.stringify(messages));
  /* Acknowledgement and line arrive in any order: only the first of them has something to store. */
  const takeOut = (id) => {
    const waiting = outbox();
    const rest = waiting.filter((message) => message.id !== id);
    if (rest.length < waiting.length) setOutbox(rest);
  };

  const complain = (text) => {
    byId("problem").textContent = text;
    byId("problem").hidden = !text;
  };
  const show = (state) => {
    byId("state").dataset.state = state;
    byId("state").lastElementChild.textContent = { on: words.online, off: words.offline, waiting: words.connecting }[state];
  };
  const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  const isAtEnd = () => {
    const talk = byId("talk");
    return talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
  };
  const toEnd = () => {
    byId("talk").scrollTop = byId("talk").scrollHeight;
  };

  /* A bubble; text is set through textContent, never as HTML. */
  const bubble = (direction, by, text, at, note) => {
    const item = document.createElement("li");
    const meta = document.createElement("span");
    const body = document.createElement("p");
    item.className = `bubble ${direction} ${by}`;
    meta.className = "meta";
    meta.textContent = note;
    body.dir = "auto";
    body.textContent = text;
    item.dataset.at = at;
    item.append(body, meta);
    return item;
  };
  const noteOf = (line) => {
    const who = line.direction === "in" ? words.delivered : words[line.by];
    return `${who} · ${clock(line.at)}`;
  };
  const addLine = (line) => {
    if (seen.has(line.seq)) return;
    seen.add(line.seq);
    after = Math.max(after, line.seq);
    const item = bubble(line.direction, line.by, line.text, line.at, noteOf(line));
    const own = line.direction === "in" ? byId(`own-${line.id}`) : null;
    own?.remove();
    const firstPending = document.querySelector("#lines .pending");
    byId("lines").insertBefore(item, firstPending);
    if (line.direction === "in") takeOut(line.id);
  };
  const addPending = (message) => {
    if (byId(`own-${message.id}`)) return;
    const item = bubble("in", "shopper", message.text, message.at, words.sending);
    item.id = `own-${message.id}`;
    item.classList.add("pending");
    byId("lines").append(item);
  };
  const mark = (id, text, name) => {
    const item = byId(`own-${id}`);
    if (!item) return;
    item.querySelector(".meta").textContent = text;
    item.classList.add(name);
  };

  /* Sends the oldest message that waits, unless it is on its way or has to wait longer. */
  const transmit = () => {
    const [message] = outbox();
    if (!message || inFlight || retry || !isReady || socket.readyState !== WebSocket.OPEN) return;
    inFlight = message.id;
    socket.send(JSON.stringify({ type: "say", id: message.id, text: message.text }));
  };
  const settle = (id) => {
    if (inFlight === id) inFlight = null;
  };
  const say = (text) => {
    const message = { id: random(18), text, at: new Date().toISOString() };
    setOutbox([...outbox(), message]);
    addPending(message);
    toEnd();
    transmit();
  };

  const receive = (message) => {
    if (message.type === "lines") {
      const follow = isAtEnd();
      message.lines.forEach(addLine);
      if (follow) toEnd();
    }
    if (message.type === "ack") {
      takeOut(message.id);
      mark(message.id, words.delivered, "delivered");
      complain("");
      settle(message.id);
      transmit();
    }
    if (message.type === "error") fail(message);
  };
  const fail = (message) => {
    complain(message.message);
    if (message.code === "visitor") {
      /* The stored secret is malformed: make a new one, at most once. */
      refusedVisitors += 1;
      if (refusedVisitors === 1) keep(VISITOR, random(32));
      return;
    }
    settle(message.id);
    const waiting = outbox().find((one) => one.id === message.id);
    if (waiting && message.again) {
      mark(message.id, words.again, "held");
      clearTimeout(retry);
      retry = setTimeout(() => {
        retry = null;
        transmit();
      }, message.again * 1000);
      return;
    }
    if (waiting) {
      takeOut(message.id);
      mark(message.id, words.refused, "refused");
      if (!byId("text").value) byId("text").value = waiting.text;
    }
    transmit();
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    show("waiting");
    socket = new WebSocket(`${scheme}://${location.host}/chat/ws?lang=${lang}`);
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "hello", visitor: visitor(), after }));
      isReady = true;
      failures = 0;
      show("on");
      inFlight = null;
      transmit();
    };
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = () => {
      isReady = false;
      failures += 1;
      show("off");
      const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10));
      setTimeout(connect, longest * (0.5 + Math.random() / 2));
    };
  };

  const field = byId("text");
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 140)}px`;
  };
  byId("say").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    if (text.length > LONGEST) {
      complain(words.too_long);
      return;
    }
    complain("");
    say(text);
    field.value = "";
    keep(DRAFT, "");
    grow();
    field.focus();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("say").requestSubmit();
  });
  field.addEventListener("input", () => {
    keep(DRAFT, field.value);
    grow();
  });

  /* Text typed before this script ran is kept. */
  const start = () => {
    isStarted = true;
    field.value ||= kept(DRAFT) ?? "";
    outbox().forEach(addPending);
    grow();
    connect();
  };
  kept(VISITOR);
  keep(PROBE, "1");
  if (isBlocked && isFramed) askSite(start);
  else start();
})();
