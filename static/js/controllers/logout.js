import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { toast } from "projchat/helpers/toast";
import { forgetPages } from "projchat/keeper";

export default class extends Controller {
  async leave() {
    try {
      await api("DELETE", "/api/session");
      await forgetPages();
      location.assign("/login");
    } catch (error) {
      toast(error.message);
    }
  }
}
