"use strict";
/* Staff pages: filters, the open entry, new cards, and messages about failed requests. */
(() => {
  const { words, fill, tick } = window.tingfeng;
  const MOST_CARDS = 400;
  const held = new Map();
  const byId = (id) => document.getElementById(id);

  const toast = (text) => {
    const place = byId("toast");
    place.textContent = text;
    place.classList.add("shown");
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => place.classList.remove("shown"), 6000);
  };

  /* Requests: no empty filters in addresses; an entry keeps the filters of its list. */
  document.addEventListener("htmx:configRequest", (event) => {
    const { detail } = event;
    if (detail.verb !== "get") return;
    for (const [name, value] of [...Object.entries(detail.parameters)]) {
      if (value === "") delete detail.parameters[name];
    }
    if (detail.target.id === "detail") detail.path += location.search;
  });
  document.addEventListener("htmx:sendError", () => toast(words.failed));
  document.addEventListener("htmx:responseError", (event) => {
    toast(event.detail.requestConfig.verb === "get" ? words.gone : words.failed);
  });

  /* The open entry. */
  const markOpen = () => {
    const sheet = document.querySelector("#detail [data-open]");
    const open = sheet?.dataset.open;
    const isChosen = Boolean(sheet) && !("preview" in sheet.dataset);
    document.querySelector("main.split")?.classList.toggle("opened", isChosen);
    for (const link of document.querySelectorAll(".card-link")) {
      if (open && link.parentElement.id === open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, elt } = event.detail;
    if (event.target.id === "detail") {
      markOpen();
      event.target.scrollTop = 0;
      if (elt.matches?.("form.answer")) byId("reply-text")?.focus({ preventScroll: true });
    }
    if (target?.id === "mentions") forget();
    tick();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.matches?.("form.draft")) {
      /* The form is removed and its list may be replaced at once: show the notice outside of it. */
      const answer = document.createElement("template");
      answer.innerHTML = xhr.responseText;
      toast(answer.content.textContent.trim());
    }
    if (target.id !== "more") return;
    const list = event.detail.target.parentElement;
    list.dataset.pages = String(Number(list.dataset.pages ?? 1) + 1);
  });
  document.addEventListener("click", (event) => {
    const back = event.target.closest?.("a.back");
    if (back && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      location.assign(back.getAttribute("href") + location.search);
    }
    if (event.target.closest?.(".fold")) {
      const fold = event.target.closest(".fold");
      const open = byId("filter-groups").classList.toggle("open");
      fold.setAttribute("aria-expanded", String(open));
    }
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.matches?.("[data-send-by-ctrl-enter]")) {
      event.preventDefault();
      field.form.requestSubmit();
    }
  });

  /* New mentions: inserted at once unless that would move what the reader looks at, else on demand. */
  const wanted = (card) => {
    const query = new URLSearchParams(location.search);
    const { sentiment, channel, brands, category } = card.dataset;
    const is = (name, value) => !query.get(name) || query.get(name) === value;
    const hasBrand = !query.get("brand") || brands.split(" ").includes(query.get("brand"));
    return is("sentiment", sentiment) && is("channel", channel) && is("category", category) && hasBrand;
  };
  const isMoving = (list) =>
    !document.hidden && (list.closest(".list").scrollTop > 8 || list.matches(":hover") || list.contains(document.activeElement));
  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.querySelector(".card");
  };
  const showHeld = () => {
    const pill = byId("show-new");
    pill.hidden = held.size === 0;
    pill.textContent = fill(words.new, { n: held.size });
  };
  const forget = () => {
    held.clear();
    showHeld();
  };
  const insert = (list, cards) => {
    byId("none")?.remove();
    for (const card of cards) list.prepend(card);
    for (const old of [...list.querySelectorAll(".card")].slice(MOST_CARDS)) old.remove();
    window.htmx.process(list);
    markOpen();
  };
  document.addEventListener("tf:cards", (event) => {
    const list = byId("mentions");
    if (!list) return;
    const fresh = [];
    for (const { html } of event.detail.cards) {
      const card = parse(html);
      const old = byId(card.id);
      if (old) {
        old.replaceWith(card);
        window.htmx.process(card);
        markOpen();
      } else if (wanted(card)) fresh.push(card);
    }
    const isSearch = new URLSearchParams(location.search).has("text");
    if (isSearch || isMoving(list)) {
      for (const card of fresh) held.set(card.id, card);
      showHeld();
    } else insert(list, fresh);
  });
  const reload = () => {
    const list = byId("mentions");
    if (!list) return;
    forget();
    window.htmx.ajax("GET", `/${location.search}`, { target: "#mentions", source: list });
    list.closest(".list").scrollTop = 0;
  };
  document.addEventListener("tf:stale", reload);
  document.addEventListener("DOMContentLoaded", () => {
    markOpen();
    document.querySelector(".menu [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
    byId("show-new")?.addEventListener("click", () => {
      const list = byId("mentions");
      if (new URLSearchParams(location.search).has("text")) reload();
      else insert(list, [...held.values()]);
      forget();
      list.closest(".list").scrollTop = 0;
    });
  });
})();
