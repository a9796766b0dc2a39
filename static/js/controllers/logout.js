import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { toast } from "projchat/helpers/toast";
import { releaseBrowser } from "projchat/helpers/viewer";
import { forgetPages } from "projchat/keeper";

export default class extends Controller {
  async leave() {
    try {
      await api("DELETE", "/api/session");
      releaseBrowser(document.querySelector("meta[name=viewer]").content);
      const { recovery } = await import("projchat/open_recovery");
      await Promise.all([forgetPages(), recovery().forget()]);
      location.assign("/login");
    } catch (error) {
      toast(error.message);
    }
  }
}
