"use strict";
/* Keeps unsent text through updates, reconnects and reloads, in the storage of this tab. */
(() => {
  const nameOf = (field) => `tf-keep:${field.dataset.keep}`;

  const restore = (root) => {
    for (const field of root.querySelectorAll("[data-keep]")) {
      const kept = sessionStorage.getItem(nameOf(field));
      if (kept !== null && field !== document.activeElement) field.value = kept;
    }
  };

  document.addEventListener("input", (event) => {
    if (event.target.dataset?.keep) sessionStorage.setItem(nameOf(event.target), event.target.value);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.getResponseHeader("X-Tingfeng-Kept") !== "done") return;
    const form = event.detail.requestConfig?.elt;
    for (const field of form?.querySelectorAll("[data-keep]") ?? []) {
      sessionStorage.removeItem(nameOf(field));
    }
  });
  document.addEventListener("htmx:afterSwap", () => restore(document));
  document.addEventListener("tf:swapped", () => restore(document));
  document.addEventListener("DOMContentLoaded", () => restore(document));
})();
