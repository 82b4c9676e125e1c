/* Keyboard shortcuts, shown beside their buttons and always optional.
   data-key="A" on a button, link or summary: pressing the letter does what a click does.
   data-keys on a list: J and K go to the next and the previous link of it. Nothing happens while one is typing. */
(function () {
  "use strict";

  /* A field that was just hidden keeps the focus until the next frame; nobody types there. */
  function typing(target) {
    var field = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    return field && target.getClientRects().length > 0;
  }

  function neighbour(list, step) {
    var links = Array.prototype.slice.call(list.querySelectorAll("a.cw-item"));
    var here = links.findIndex(function (link) {
      return link.hasAttribute("aria-current");
    });
    return links[here < 0 ? 0 : here + step];
  }

  document.addEventListener("keydown", function (event) {
    var letter = event.key.length === 1 ? event.key.toUpperCase() : "";
    var dialog = document.querySelector("dialog[open]");
    if (!letter || event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog || typing(event.target)) {
      return;
    }
    var list = document.querySelector("[data-keys]");
    var target = null;
    if (list && (letter === "J" || letter === "K")) {
      target = neighbour(list, letter === "J" ? 1 : -1);
    } else {
      target = Array.prototype.find.call(document.querySelectorAll("[data-key]"), function (element) {
        return element.dataset.key.toUpperCase() === letter && element.offsetParent !== null && !element.disabled;
      });
    }
    if (target) {
      event.preventDefault();
      target.click();
    }
  });
})();
