/* Photos of a form: shown as small pictures, made small before they are kept or sent, removed one by one.
   data-photos="6" around a file input and a template[data-photo-template] (components/photos.html). The shrinking saves a
   slow network and drops the camera's place and time; the server strips them again. Without scripts the input remains.
   The event photos:restore on the input, with an array of files as detail, brings a draft's photos back. */
(function () {
  "use strict";

  var LONGEST = 1600;
  var QUALITY = 0.8;
  if (!window.createImageBitmap || !window.DataTransfer) {
    return;
  }

  document.querySelectorAll("[data-photos]").forEach(function (block) {
    var input = block.querySelector("input[type=file]");
    var template = block.querySelector("[data-photo-template]");
    var adder = block.querySelector(".cw-photo-add");
    var most = Number(block.dataset.photos);
    var files = [];

    function hand() {
      var transfer = new DataTransfer();
      files.forEach(function (file) {
        transfer.items.add(file);
      });
      input.files = transfer.files;
      adder.hidden = files.length >= most;
      input.dispatchEvent(new CustomEvent("input", { bubbles: true }));
    }

    function preview(bitmap, file) {
      var figure = document.importNode(template.content, true).querySelector("figure");
      var canvas = figure.querySelector("canvas");
      var side = Math.min(bitmap.width, bitmap.height);
      canvas.getContext("2d").drawImage(
        bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, canvas.width, canvas.height
      );
      figure.querySelector("button").addEventListener("click", function () {
        files.splice(files.indexOf(file), 1);
        figure.remove();
        hand();
      });
      block.insertBefore(figure, adder);
    }

    function shrink(bitmap, file) {
      var scale = LONGEST / Math.max(bitmap.width, bitmap.height);
      if (scale >= 1 && file.type === "image/jpeg") {
        return Promise.resolve(file);
      }
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(bitmap.width * Math.min(scale, 1));
      canvas.height = Math.round(bitmap.height * Math.min(scale, 1));
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return new Promise(function (resolve) {
        canvas.toBlob(function (blob) {
          resolve(blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file);
        }, "image/jpeg", QUALITY);
      });
    }

    function add(chosen) {
      return Array.prototype.slice.call(chosen, 0, most - files.length).reduce(function (before, file) {
        return before.then(function () {
          return window.createImageBitmap(file);
        }).then(function (bitmap) {
          return shrink(bitmap, file).then(function (small) {
            files.push(small);
            preview(bitmap, small);
          });
        });
      }, Promise.resolve()).then(hand, hand);
    }

    input.addEventListener("change", function () {
      add(input.files);
    });
    input.addEventListener("photos:restore", function (event) {
      add(event.detail);
    });
  });
})();
