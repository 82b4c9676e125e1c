/* What every page does: menus close, focus follows a swap, answers colour their block, lists open beside themselves.
   Attributes: data-menu, data-asks, data-asks-close, data-ask="yes", data-beside="id", data-print, data-offline. */
(function () {
  "use strict";

  var DESK = "(min-width: 992px)";
  var said = document.getElementById("said");

  function say(words) {
    if (said) {
      said.textContent = words;
    }
  }

  /* at once, not with the toggle event: until then what was hidden beside an open question can be neither focused nor pressed */
  function shut(details) {
    details.removeAttribute("open");
    details.parentNode.classList.remove("cw-asking");
  }

  /* menus: one open at a time, closed by a click elsewhere or Escape */
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (!menu.contains(event.target)) {
        menu.removeAttribute("open");
      }
    });
    var close = event.target.closest("[data-asks-close]");
    if (close) {
      shut(close.closest("details"));
    }
    if (event.target.closest("[data-print]")) {
      window.print();
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll("details[data-menu][open], details[data-asks][open]").forEach(function (open) {
        shut(open);
        open.querySelector("summary").focus();
      });
    }
  });

  /* a form that came back with an error: the reader stands at the first field that is wrong */
  var wrong = document.querySelector("main [aria-invalid=true]");
  if (wrong) {
    wrong.focus();
  }

  /* an action that asks why: one open at a time, and the reader is taken to its first field */
  document.addEventListener("toggle", function (event) {
    var details = event.target;
    if (!details.matches || !details.matches("details[data-asks]")) {
      return;
    }
    details.parentNode.classList.toggle("cw-asking", Boolean(details.parentNode.querySelector("[data-asks][open]")));
    if (!details.open) {
      return;
    }
    document.querySelectorAll("details[data-asks][open]").forEach(function (other) {
      if (other !== details) {
        other.removeAttribute("open");
      }
    });
    var field = details.querySelector("textarea, input:not([type=hidden])");
    if (field) {
      field.focus();
    }
  }, true);

  /* a form is sent once: a second click while the first is under way does nothing. A download leaves the page as it
     is, so the form can be sent again after a moment. */
  var sent = new WeakMap();
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== "post") {
      return;
    }
    if (Date.now() - (sent.get(form) || 0) < 3000) {
      event.preventDefault();
      return;
    }
    sent.set(form, Date.now());
  });

  /* a question answered yes turns its block yellow */
  document.addEventListener("change", function (event) {
    var block = event.target.closest("[data-ask]");
    if (block) {
      block.classList.toggle("is-yes", Boolean(event.target.value) && block.dataset.ask.split(" ").indexOf(event.target.value) >= 0);
    }
  });

  /* a list row is a page on a phone; on a desktop the same page's fragment is loaded beside the list */
  document.addEventListener("click", function (event) {
    var row = event.target.closest("a[data-beside]");
    var plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (!row || !plain || !window.htmx || !window.matchMedia(DESK).matches) {
      return;
    }
    var place = document.getElementById(row.dataset.beside);
    if (!place) {
      return;
    }
    event.preventDefault();
    window.htmx.ajax("GET", row.href, { source: row, target: place, swap: "innerHTML" }).then(function () {
      var list = row.closest(".cw-queue") || row.closest("ul");
      list.querySelectorAll("a[aria-current]").forEach(function (old) {
        old.removeAttribute("aria-current");
      });
      row.setAttribute("aria-current", "true");
      row.scrollIntoView({ block: "nearest" });
      window.history.replaceState(null, "", row.href);
      var title = place.querySelector("h1, h2");
      say(title ? title.textContent.trim() : "");
    });
  });

  /* a row whose fragment fails opens as a page, which says what is wrong */
  document.addEventListener("htmx:responseError", function (event) {
    var row = event.detail.elt;
    if (row.matches("a[data-beside]")) {
      window.location.assign(row.href);
    }
  });
  document.addEventListener("htmx:sendError", showSignal);

  function showSignal() {
    document.querySelectorAll("[data-offline]").forEach(function (strip) {
      strip.hidden = navigator.onLine;
    });
  }
  window.addEventListener("online", showSignal);
  window.addEventListener("offline", showSignal);
  showSignal();
})();
