/* The one dialog: a link with data-dialog opens its page's fragment in it; without scripts the link is a page.
   The server answers a request with the header HX-Request by the fragment alone (components/reveal_dialog.html).
   data-in-dialog on a form: its answer stays in the dialog. data-hide-after="60": closed, and emptied, after seconds. */
(function () {
  "use strict";

  var dialog = document.getElementById("dialog");
  var timer = 0;
  var opener = null;
  if (!dialog || !dialog.showModal || !window.fetch) {
    return;
  }

  function show(html) {
    var page = new DOMParser().parseFromString(html, "text/html");
    var content = page.querySelector("[data-in-dialog]");
    if (!content) {
      return false;
    }
    dialog.textContent = "";
    dialog.appendChild(document.importNode(content, true));
    if (!dialog.open) {
      dialog.showModal();
    }
    var shown = dialog.querySelector("[data-hide-after]");
    window.clearTimeout(timer);
    if (shown) {
      timer = window.setTimeout(close, Number(shown.dataset.hideAfter) * 1000);
    }
    return true;
  }

  function close() {
    if (dialog.open) {
      dialog.close();
    }
  }

  /* however it closes, nothing of it stays in the page */
  dialog.addEventListener("close", function () {
    window.clearTimeout(timer);
    dialog.textContent = "";
    if (opener) {
      opener.focus();
    }
  });

  function ask(url, options, otherwise) {
    options.headers = { "HX-Request": "true", Accept: "text/html" };
    options.credentials = "same-origin";
    window.fetch(url, options).then(function (response) {
      return response.text().then(function (html) {
        if (!show(html)) {
          otherwise();
        }
      });
    }, otherwise);
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      opener = link;
      ask(link.href, {}, function () {
        window.location.assign(link.href);
      });
    } else if (event.target.closest("[data-dialog-close]") || event.target === dialog) {
      if (dialog.open) {
        close();
      } else {
        window.history.back();
      }
    }
  });

  dialog.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-in-dialog]");
    if (form) {
      event.preventDefault();
      ask(form.action, { method: "POST", body: new FormData(form) }, function () {
        form.submit();
      });
    }
  });
})();
