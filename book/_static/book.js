/* What the pages do beyond the theme. No network, no storage. */
(() => {
  "use strict";
  const boxes = "div.math, .pst-scrollable-table-container, .output.text_html, .bd-article pre";

  /* What scrolls sideways must be reachable with the keyboard. */
  function markScrollers() {
    for (const box of document.querySelectorAll(boxes)) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        if (!box.hasAttribute("role")) {
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", "Scrolls sideways");
        }
      } else if (box.getAttribute("aria-label") === "Scrolls sideways") {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      } else {
        box.removeAttribute("tabindex");
      }
    }
    for (const formula of document.querySelectorAll(".bd-article span.math")) {
      const column = formula.parentElement;
      formula.classList.remove("wide");
      formula.classList.toggle("wide", formula.getBoundingClientRect().width > column.clientWidth && column.clientWidth > 0);
    }
  }

  /* A link into a folded solution opens it. */
  function openTarget() {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const folded = target.closest(".toggle-hidden");
    const button = folded && folded.querySelector(".toggle-button");
    if (button) button.click();
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
  }

  let timer;
  function later() {
    clearTimeout(timer);
    timer = setTimeout(markScrollers, 150);
  }

  window.addEventListener("load", () => {
    for (const button of document.querySelectorAll(".book-print")) {
      button.addEventListener("click", () => window.print());
    }
    openTarget();
    const ready = window.MathJax && MathJax.startup && MathJax.startup.promise;
    Promise.resolve(ready).then(() => {
      markScrollers();
      document.documentElement.dataset.ready = "yes";
    });
  });
  window.addEventListener("resize", later);
  window.addEventListener("hashchange", openTarget);
  document.addEventListener("toggle", later, true);
  document.addEventListener("click", later);
})();
