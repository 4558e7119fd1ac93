"use strict";
/* One WebSocket a tab. The HTML in its messages was rendered and escaped by the server. */
(() => {
  const { words, fill, now, setNow, tick, lang } = window.tingfeng;
  const FIRST_WAIT = 500;
  const LONGEST_WAIT = 20000;
  const SILENCE = 45000;
  const REFRESH_EVERY = 1000;
  let failures = 0;
  let receivedAt = 0;
  let socket = null;
  let ended = false;

  const show = (state) => {
    const place = document.getElementById("live-state");
    const text = place.querySelector(".state-text");
    const seconds = Math.max(0, Math.round((Date.now() - receivedAt) / 1000));
    place.dataset.state = state;
    text.textContent = state === "on" ? fill(words.live, { seconds }) : words[state];
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/live?lang=${lang}`);
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = () => {
      if (ended) return;
      failures += 1;
      show("off");
      const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10));
      setTimeout(connect, longest * (0.5 + Math.random() / 2));
    };
  };

  const receive = (message) => {
    receivedAt = Date.now();
    if (message.now) setNow(message.now);
    if (message.type === "hello" && failures) refreshAll();
    if (message.type === "refresh") refreshAll();
    if (message.type === "changes") change(message);
    failures = 0;
    show("on");
  };

  const change = (message) => {
    if (message.figures) showFigures(message.figures);
    if (typeof message.banner === "string") swap(document.getElementById("banner"), message.banner);
    document.dispatchEvent(new CustomEvent("tf:cards", { detail: message }));
    const topics = new Set(message.topics);
    for (const element of document.querySelectorAll("[data-live]")) {
      if (element.dataset.live.split(" ").some((topic) => topics.has(topic))) refresh(element);
    }
  };

  const showFigures = (figures) => {
    for (const place of document.querySelectorAll("[data-figure]")) {
      const n = figures[place.dataset.figure] ?? 0;
      place.textContent = n ? n.toLocaleString(document.documentElement.lang) : "";
    }
  };

  const refreshAll = () => {
    for (const element of document.querySelectorAll("[data-live]")) refresh(element);
    document.dispatchEvent(new CustomEvent("tf:stale"));
  };

  /* Refreshes an element at most once a second, and not while it has a focused field. */
  const waiting = new Map();
  const refresh = (element) => {
    if (waiting.has(element)) return;
    const since = Date.now() - Number(element.dataset.liveAt ?? 0);
    waiting.set(element, setTimeout(() => load(element), Math.max(0, REFRESH_EVERY - since)));
  };

  const isBusy = (element) => {
    const active = document.activeElement;
    return element.contains(active) && active.matches("textarea, input, select");
  };

  const load = async (element) => {
    waiting.delete(element);
    if (!element.isConnected) return;
    if (isBusy(element)) {
      document.activeElement.addEventListener("blur", () => refresh(element), { once: true });
      return;
    }
    element.dataset.liveAt = String(Date.now());
    const { liveGet, livePart, liveSelect } = element.dataset;
    const address = liveGet === "list" ? ownAddress(element) : liveGet;
    try {
      const answer = await fetch(address, {
        headers: { "HX-Request": "true", "HX-Target": livePart ?? element.id },
      });
      if (!answer.ok || isBusy(element) || !element.isConnected) return;
      swap(element, await answer.text(), liveSelect);
    } catch {
      /* The socket is down, too; it refreshes everything after it reconnects. */
    }
  };

  const ownAddress = (element) => {
    const query = new URLSearchParams(location.search);
    const pages = Number(element.dataset.pages ?? 1);
    if (pages > 1) query.set("pages", String(pages));
    return `${location.pathname}?${query}`;
  };

  const swap = (element, html, select) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const found = select ? template.content.querySelector(select)?.childNodes : template.content.childNodes;
    const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
    element.replaceChildren(...(found ?? []));
    window.htmx.process(element);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    tick();
    document.dispatchEvent(new CustomEvent("tf:swapped", { detail: { element } }));
  };

  window.tingfeng.swap = swap;
  window.tingfeng.refresh = refresh;
  window.tingfeng.drop = () => socket?.close();

  document.addEventListener("DOMContentLoaded", connect);
  window.addEventListener("pagehide", () => {
    ended = true;
    if (socket?.readyState === WebSocket.OPEN) socket.close();
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    ended = false;
    connect();
  });
  window.addEventListener("online", () => socket?.readyState === WebSocket.CLOSED && connect());
  setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (receivedAt && Date.now() - receivedAt > SILENCE) socket.close();
    else if (receivedAt) show("on");
  }, 1000);
})();
