/* Pair by pair: after each swap the reader stands at the new pair, and is told so. The keys themselves are data-key on
   the buttons (keys.js); without scripts the buttons are ordinary forms. */
(function () {
  "use strict";

  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id !== "review") {
      return;
    }
    var heading = event.detail.target.querySelector("h1");
    var sentence = event.detail.target.querySelector(".cw-why");
    var said = document.getElementById("said");
    if (heading) {
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "nearest" });
    }
    if (said && sentence) {
      said.textContent = sentence.textContent.trim();
    }
  });

  /* What fails as a fragment is asked again as a page, which says what is wrong. */
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.target && event.detail.target.id === "review") {
      window.location.reload();
    }
  });
})();
