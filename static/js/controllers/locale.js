import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { toast } from "projchat/helpers/toast";

// A change of language is kept by the server, and the page comes back in it.
export default class extends Controller {
  static values = { path: String };

  async choose({ params: { code } }) {
    try {
      await api("PATCH", this.pathValue, { locale: code });
      location.reload();
    } catch (error) {
      toast(error.message);
    }
  }
}
