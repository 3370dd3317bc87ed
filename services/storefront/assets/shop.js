// What makes the shop a little better where scripts run. Nothing here is needed: each page works without it.

// A form is sent once, and its button says that it is on its way. Coming back to the page makes it usable again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  if (button?.dataset.busy) {
    button.dataset.text = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  }
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[data-text]")) {
    button.textContent = button.dataset.text;
    button.removeAttribute("aria-disabled");
  }
});

// A refused form is read from its summary on.
document.getElementById("form-summary")?.focus();

// What an update means, in a few words.
const NEWS = {
  "order.placed": "is placed",
  "order.paid": "is paid",
  "order.shipped": "is on its way",
  "order.delivered": "has arrived",
  "order.cancelled": "is cancelled",
  "order.failed": "could not be paid",
  "order.refunded": "is refunded",
};

const user = document.body.dataset.live;
if (user) follow(`argosy.after.${user}`);

// Listens to one's own orders. The last update that was seen is remembered, so that the next page goes on behind it.
function follow(memory) {
  let failures = 0;
  const open = () => {
    const after = localStorage.getItem(memory);
    const address = new URL("/ws/notifications", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (after) address.searchParams.set("after", after);
    const socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      failures = 0;
      // What happened between the page and this moment was told to nobody.
      look();
    });
    socket.addEventListener("message", (message) => {
      const update = JSON.parse(message.data);
      if (!update.id) return;
      localStorage.setItem(memory, update.id);
      tell(update);
    });
    socket.addEventListener("close", async (end) => {
      failures += 1;
      // Signed out, or nobody has answered for minutes: the next page tries again.
      if (end.code === 4403 || failures > 10) return;
      // The token has run out: any page of the shop renews it.
      if (end.code === 4401) await fetch("/", { method: "HEAD" }).catch(() => {});
      // Until somebody tells, the order's page looks by itself.
      setTimeout(() => {
        look();
        open();
      }, Math.min(1000 * 2 ** failures, 60000));
    });
  };
  open();
}

function tell(update) {
  const words = NEWS[update.type] ?? "has news";
  const toast = document.createElement("div");
  toast.className = "toast";
  const text = document.createElement("p");
  const link = document.createElement("a");
  link.href = `/orders/${encodeURIComponent(update.orderId)}`;
  link.textContent = `Order ${update.number}`;
  text.append(link, ` ${words}.`);
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "Dismiss");
  close.addEventListener("click", () => toast.remove());
  toast.append(text, close);
  const toasts = document.getElementById("toasts");
  toasts.append(toast);
  while (toasts.children.length > 4) toasts.firstElementChild.remove();
  refresh(update);
}

// Whether there is news of the order that is shown.
function look() {
  const shown = document.querySelector("[data-order]");
  if (shown) refresh({ orderId: shown.dataset.order, version: Infinity });
}

// The order's own page shows the news at once.
async function refresh(update) {
  const shown = document.querySelector(`[data-order="${CSS.escape(update.orderId)}"]`);
  if (!shown || Number(shown.dataset.version) >= update.version) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["order-status", "order-timeline"]) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id)?.replaceWith(fresh);
  }
}
