"use strict";
(() => {
  const items = [...document.querySelectorAll(".item")];
  const reviewer = document.getElementById("reviewer");
  const count = document.getElementById("count");
  let unsaved = false;

  const verdictOf = (item) => item.querySelector("input[type=radio]:checked").value;
  const textOf = (item) => {
    const box = item.querySelector("textarea");
    if (!box) return "";
    return verdictOf(item) === "rejected" ? box.defaultValue : box.value;
  };
  const isTouched = (item) => verdictOf(item) !== "";
  const show = () => {
    count.textContent = String(items.filter(isTouched).length);
    for (const item of items) item.classList.toggle("touched", isTouched(item));
  };

  for (const item of items) {
    const box = item.querySelector("textarea");
    if (box) {
      box.addEventListener("input", () => {
        const verdict = box.value === box.defaultValue ? "" : "ok";
        item.querySelector(`input[type=radio][value="${verdict}"]`).checked = true;
      });
    }
    item.addEventListener("input", () => { unsaved = true; show(); });
  }

  document.getElementById("save").addEventListener("click", () => {
    if (!reviewer.value.trim()) {
      reviewer.focus();
      reviewer.reportValidity();
      return;
    }
    const lines = items.filter(isTouched).map((item) => JSON.stringify({
      clip_id: item.dataset.clipId,
      kind: item.dataset.kind,
      text: textOf(item),
      verdict: verdictOf(item),
      note: item.querySelector(".note").value,
      reviewer: reviewer.value.trim(),
      language: item.dataset.language,
      caption_id: item.dataset.captionId,
    }) + "\n");
    if (!lines.length) return;
    const link = document.createElement("a");
    const url = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.href = url;
    link.download = document.body.dataset.fileName;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    unsaved = false;
  });

  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  show();
})();
