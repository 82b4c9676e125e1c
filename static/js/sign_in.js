/* On a demonstration, a click on an account fills in its name and password. */
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var account = event.target.closest("[data-fill-username]");
    if (account) {
      document.querySelector("[name=username]").value = account.dataset.fillUsername;
      document.querySelector("[name=password]").value = account.dataset.fillPassword;
      document.querySelector("[name=password]").form.querySelector("[type=submit]").focus();
    }
  });
})();
