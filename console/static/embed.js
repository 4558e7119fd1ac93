/* Embeds the chat in the brand's own site: <script src="https://YOUR-TINGFENG/chat.js" async></script>
   Optional attributes: data-language="zh|en", data-label="…", data-side="left|right".
   Its one global is window.Tingfeng: {open(), close()}.
   Where the browser blocks storage in frames of other sites, the chat asks this page to keep the
   conversation's secret, unsent messages and half-typed text; they stay in this site's own storage. */
(() => {
  "use strict";
  if (window.Tingfeng) return;
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  const { language, label, side } = script.dataset;
  const isChinese = (language ?? navigator.language).toLowerCase().startsWith("zh");
  const words = "{{WORDS}}";
  const name = label ?? (isChinese ? words.zh : words.en);
  const edge = side === "left" ? "left" : "right";
  const style = (element, rules) => Object.assign(element.style, rules);
  let frame = null;

  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  button.setAttribute("aria-expanded", "false");
  style(button, {
    position: "fixed", bottom: "20px", [edge]: "20px", zIndex: "2147483000", padding: "0 20px",
    height: "48px", border: "0", borderRadius: "24px", background: "#0b57d0", color: "#fff",
    font: "600 16px system-ui, sans-serif", cursor: "pointer", boxShadow: "0 4px 16px rgba(0,0,0,.25)",
  });

  const open = () => {
    if (!frame) {
      frame = document.createElement("iframe");
      frame.src = `${origin}/chat${language ? `?lang=${encodeURIComponent(language)}` : ""}`;
      frame.title = name;
      style(frame, {
        position: "fixed", bottom: "80px", [edge]: "20px", zIndex: "2147483000",
        width: "min(380px, calc(100vw - 40px))", height: "min(600px, calc(100vh - 120px))",
        border: "0", borderRadius: "16px", boxShadow: "0 8px 32px rgba(0,0,0,.3)", background: "#fff",
      });
      document.body.append(frame);
    }
    frame.hidden = false;
    frame.style.display = "block";
    button.setAttribute("aria-expanded", "true");
    frame.focus();
  };
  const close = () => {
    if (frame) frame.style.display = "none";
    button.setAttribute("aria-expanded", "false");
    button.focus();
  };
  button.addEventListener("click", () => (button.getAttribute("aria-expanded") === "true" ? close() : open()));
  document.addEventListener("keydown", (event) => event.key === "Escape" && frame && close());
  const KEPT = ["tingfeng-visitor", "tingfeng-outbox", "tingfeng-draft"];
  const values = () => {
    try {
      localStorage.setItem("tingfeng-kept", "1");
      return Object.fromEntries(KEPT.map((key) => [key, localStorage.getItem(key)]));
    } catch {
      return null;
    }
  };
  window.addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
    const { tingfeng: what, name: key, value } = event.data ?? {};
    if (what === "load") frame.contentWindow.postMessage({ tingfeng: "kept", values: values() }, origin);
    if (what === "keep" && KEPT.includes(key) && typeof value === "string") {
      try {
        localStorage.setItem(key, value);
      } catch {
        /* full: the conversation goes on until this page is closed */
      }
    }
  });
  const start = () => document.body.append(button);
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
  window.Tingfeng = { open, close };
})();
