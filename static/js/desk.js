/* The desk by keyboard: what page.js and keys.js do not know. A decision that failed is shown like one that worked;
   after a swap the open row is marked and the reader stands at the new heading. Ctrl+Enter sends what was typed, Escape
   goes back, "?" lists the keys. Attributes: data-desk (address of the queue), data-work (row of a panel), data-help. */
(function () {
  "use strict";

  var review = document.getElementById("review");

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target === review && event.detail.xhr.status === 422) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    var swapped = event.detail.target;
    if (!review || (swapped !== review && !swapped.matches("[data-keys]"))) {
      return;
    }
    review.querySelectorAll("template[data-decided]").forEach(function (template) {
      var row = document.getElementById(template.dataset.decided);
      if (row) {
        row.replaceChildren(template.content);
      }
      template.remove();
    });
    var panel = review.querySelector("[data-work]");
    document.querySelectorAll("[data-keys] a[aria-current]").forEach(function (link) {
      link.removeAttribute("aria-current");
    });
    var row = panel && document.getElementById(panel.dataset.work);
    var link = row && row.querySelector("a");
    if (link) {
      link.setAttribute("aria-current", "true");
      link.scrollIntoView({ block: "nearest" });
    }
    if (swapped === review) {
      arrive();
      if (review.getBoundingClientRect().top < 0) {
        review.scrollIntoView({ block: "start" });
      }
    }
  });

  /* to what is to be typed, where a decision failed; else to the heading */
  function arrive() {
    var open = review.querySelector("details[data-asks][open]");
    var field = open && open.querySelector("[aria-invalid=true], textarea, input:not([type=hidden]), select");
    var heading = review.querySelector("h2");
    if (open) {
      open.parentNode.classList.add("cw-asking");
    }
    if (field) {
      field.focus();
    } else if (heading) {
      heading.focus({ preventScroll: true });
    }
  }
  if (review) {
    arrive();
  }

  document.addEventListener("keydown", function (event) {
    var form = event.target.closest("form") || document.querySelector("details[data-asks][open] form");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
      event.preventDefault();
      form.requestSubmit();
    }
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.getClientRects().length > 0;
    var help = document.querySelector("[data-help]");
    if (event.key === "?" && help && !typing) {
      help.open = !help.open;
      help.querySelector("summary").focus();
    }
  });

  /* Escape: page.js has closed what asked; only when nothing was open does it lead back */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) {
      return;
    }
    var help = document.querySelector("[data-help][open]");
    var desk = document.querySelector("[data-desk]");
    if (help) {
      help.open = false;
    } else if (!document.querySelector("details[data-asks][open], details[data-menu][open]") && desk) {
      window.location.assign(desk.dataset.desk);
    }
  }, true);
})();
