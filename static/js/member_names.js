// Completes @name to a member, by their username or any word of their name, and @all to everybody.
import { membersFor } from "projchat/member_search";
import { openChat } from "projchat/open_chat";

export const memberNames = {
  key: "@",
  least: 0,

  find(text) {
    return membersFor(openChat(), text);
  },
};
