/* The visit form: questions of special visits appear with them, and the next visit is proposed from the risk colour.
   [data-only-kind="special"]   shown while that kind is chosen
   #visit-intervals             JSON, days between visits by risk colour
   Without scripts all questions are shown and an empty date means the interval. */
(function () {
  "use strict";

  var form = document.getElementById("visit");
  var source = document.getElementById("visit-intervals");
  if (!form || !source) {
    return;
  }
  var intervals = JSON.parse(source.textContent);
  var next = form.elements.next_visit_date;
  var proposed = "";

  function chosen(name) {
    var radio = form.querySelector("input[name=" + name + "]:checked");
    return radio ? radio.value : "";
  }

  function showKind() {
    var kind = chosen("kind");
    form.querySelectorAll("[data-only-kind]").forEach(function (block) {
      block.hidden = block.dataset.onlyKind !== kind;
    });
  }

  function day(start, days) {
    var parts = start.slice(0, 10).split("-").map(Number);
    return new Date(Date.UTC(parts[0], parts[1] - 1, parts[2] + days)).toISOString().slice(0, 10);
  }

  /* A date that the visitor chose stays; one that was proposed follows the colour. */
  function propose() {
    var risk = chosen("risk");
    var visited = form.elements.visited_at.value;
    if (!risk || !/^\d{4}-\d{2}-\d{2}/.test(visited)) {
      return;
    }
    var latest = day(visited, intervals[risk]);
    next.min = day(visited, 1);
    next.max = latest;
    if (!next.value || next.value === proposed || next.value > latest) {
      next.value = latest;
      proposed = latest;
    }
  }

  form.addEventListener("change", function (event) {
    if (event.target.name === "kind") {
      showKind();
    }
    if (event.target.name === "risk" || event.target.name === "visited_at") {
      propose();
    }
  });
  showKind();
})();
