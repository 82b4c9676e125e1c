/* Sheets from the keyboard (data-sheet on the form): Enter goes on to the next row, on the last row it saves.
   What is typed lights up the answers it means. In words Shift+Enter is a new line.
   Without this script the rows are typed and sent all the same. */
(function () {
  "use strict";

  var form = document.querySelector("[data-sheet]");
  if (!form) {
    return;
  }
  var rows = Array.prototype.slice.call(form.querySelectorAll(".cw-sheet-row input[id]:not([type=file]), .cw-sheet-row textarea"));

  function light(field) {
    var answers = field.parentElement.querySelectorAll("[data-for]");
    var typed = answers.length > 35 ? field.value : field.value.toLowerCase();
    answers.forEach(function (answer) {
      answer.classList.toggle("is-on", typed.indexOf(answer.dataset.for) >= 0);
    });
  }

  function onwards(field) {
    var next = rows[rows.indexOf(field) + 1];
    if (!next) {
      form.requestSubmit();
      return;
    }
    next.focus();
    next.select();
  }

  rows.forEach(function (field) {
    light(field);
    field.addEventListener("input", function () {
      light(field);
    });
    field.addEventListener("keydown", function (event) {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) {
        return;
      }
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        onwards(field);
      } else if (event.key === "ArrowUp" && field.tagName === "INPUT" && rows.indexOf(field) > 0) {
        event.preventDefault();
        rows[rows.indexOf(field) - 1].focus();
      }
    });
  });
})();
