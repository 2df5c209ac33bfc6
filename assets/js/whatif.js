// “What if”: sliders beside the weights, sums that live while one moves them, and the address to pass on.
// The form works without this script.

const { digits, millionths, percent } = window.portal;

function weigh(group) {
  const sum = group.querySelector("[data-sum]");
  const total = [...group.querySelectorAll("[data-weight]")].reduce((all, input) => all + millionths(input.value), 0);
  sum.dataset.state = total === 100e6 ? "right" : "wrong";
  const output = sum.querySelector("[data-total]");
  if (output.textContent !== percent(total)) output.textContent = percent(total);
}

// Beside the answer there is room for what was asked.
if (matchMedia("(min-width: 62rem)").matches) {
  for (const part of document.querySelectorAll("[data-changed]")) part.open = true;
}

for (const slider of document.querySelectorAll("[data-slide]")) {
  const input = document.getElementById(slider.dataset.slide);
  slider.hidden = false;
  const tell = () => slider.setAttribute("aria-valuetext", percent(millionths(input.value)));
  slider.addEventListener("input", () => {
    input.value = digits(slider.value);
    tell();
    weigh(slider.closest("[data-weights]"));
  });
  input.addEventListener("input", () => {
    const typed = millionths(input.value);
    if (!Number.isNaN(typed)) slider.value = String(typed / 1e6);
    tell();
    weigh(slider.closest("[data-weights]"));
  });
  tell();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    window.portal.toast(button.dataset.copy, "success");
  });
}

window.portal.catchUp(document);
