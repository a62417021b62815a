import FreshetHTTPWire
import FreshetTransport

/// `GET /`: the smallest front end there is, until a chat page takes its place.
enum FrontPage {
    static func serve(_ exchange: HTTPServerExchange) {
        var fields = HTTPFields()
        fields.append("content-type", "text/html; charset=utf-8")
        fields.append("cache-control", "no-cache")
        fields.append("content-security-policy", "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'")
        exchange.respond(status: 200, fields: fields, body: Array(page.utf8))
    }

    private static let page = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Freshet</title>
        <form><label>Ask <input name="prompt" value="hello"></label> <input name="model"> <button>Send</button></form>
        <p id="state" role="status"></p><pre id="answer"></pre>
        <script>
        const query = new URLSearchParams(location.search), show = (id, text) => { document.getElementById(id).append(text) }
        const state = text => { document.getElementById("state").textContent = text }
        if (query.get("prompt")) {
          const stream = new EventSource("/api/chat?" + query); state("streaming")
          stream.onmessage = ({ data }) => { const event = JSON.parse(data)
            if (event.type === "text") show("answer", event.content)
            if (event.type === "done") { stream.close(); state("done") }
            if (event.type === "error") { stream.close(); state("failed"); show("answer", "\\n" + event.message) } }
          stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) state("failed") }
        }
        </script></html>

        """
}
