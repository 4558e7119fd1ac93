"use strict";
/* Counts down to deadlines by the server's clock; formats as console/formatting.py does. */
window.tingfeng = (() => {
  const read = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const words = JSON.parse(read("tf-words") || "{}");
  let offset = 0;

  const setNow = (iso) => {
    const at = Date.parse(iso);
    if (!Number.isNaN(at)) offset = at - Date.now();
  };
  const now = () => Date.now() + offset;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const two = (n) => String(n).padStart(2, "0");

  const span = (seconds) => {
    let rest = Math.floor(Math.abs(seconds));
    const days = Math.floor(rest / 86400);
    rest %= 86400;
    const hours = Math.floor(rest / 3600);
    const minutes = Math.floor((rest % 3600) / 60);
    if (days) return `${days}d ${two(hours)}:${two(minutes)}`;
    if (hours) return `${hours}:${two(minutes)}:${two(rest % 60)}`;
    return `${two(minutes)}:${two(rest % 60)}`;
  };

  const age = (minutes) => {
    const hours = Math.floor(minutes / 60);
    if (hours < 1) return fill(words.minutes, { m: minutes });
    if (hours < 48) return fill(words.hours, { h: hours, m: minutes % 60 });
    return fill(words.days, { d: Math.floor(hours / 24) });
  };

  const tick = () => {
    for (const element of document.querySelectorAll("[data-due]")) {
      const left = (Date.parse(element.dataset.due) - now()) / 1000;
      const level = left < 0 ? "late" : left < 900 ? "soon" : "calm";
      for (const name of ["late", "soon", "calm"]) element.classList.toggle(name, name === level);
      const text = fill(level === "late" ? words.late : words.left, { span: span(left) });
      const place = element.querySelector(".sla-text");
      if (place.textContent !== text) place.textContent = text;
    }
    for (const element of document.querySelectorAll("[data-since]")) {
      const minutes = Math.floor((now() - Date.parse(element.dataset.since)) / 60000);
      const text = fill(words.open, { span: age(Math.max(0, minutes)) });
      if (element.textContent !== text) element.textContent = text;
    }
  };

  setNow(read("tf-now"));
  setInterval(tick, 1000);
  document.addEventListener("DOMContentLoaded", tick);
  return { words, fill, now, setNow, tick, lang: read("tf-lang") };
})();
