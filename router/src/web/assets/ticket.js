// Says when somebody else has changed the ticket that is being looked at.

import { follow } from "/assets/live.js";

const page = document.querySelector("[data-revision]");
const notice = document.querySelector("[data-changed]");
follow({
  ticket: (news) => {
    if (news.ticket_id === page.dataset.ticket && news.revision > Number(page.dataset.revision)) {
      notice.textContent = notice.dataset.changed;
    }
  },
});
