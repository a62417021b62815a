import FreshetHTTPWire
import FreshetPartialJSON
import FreshetTransport

/// `GET /v1/routes`: which name leads where; the first route is asked, the others not yet. Shows no address and no
/// key.
struct RoutesEndpoint {
    let gateway: Gateway

    func serve(_ exchange: HTTPServerExchange) {
        let configuration = gateway.configuration
        var models = (configuration.models ?? []).map { model in
            Self.entry(
                model.name,
                model.routes.map { ($0.name, configuration.provider(named: $0.provider)?.kind, $0.deadlines) })
        }
        // Asked for by the provider's name, whatever else is configured.
        models += configuration.providers.map { provider in
            Self.entry(provider.name + "/*", [(provider.name + "/*", provider.kind, provider.deadlines)])
        }
        var fields = HTTPFields()
        fields.append("content-type", "application/json")
        let members: [JSONObject.Member] = [
            .init(name: "object", value: "list"), .init(name: "data", value: .array(models)),
        ]
        exchange.respond(status: 200, fields: fields, body: JSONValue.object(JSONObject(members)).bytes)
    }

    private static func entry(
        _ model: String, _ routes: [(String, Configuration.Provider.Kind?, Configuration.Deadlines)]
    ) -> JSONValue {
        let described = routes.map { name, kind, deadlines -> JSONValue in
            let members = Configuration.Deadlines.members.map { key, member in
                JSONObject.Member(
                    name: key, value: .number(JSONNumber(Int(deadlines[keyPath: member].wholeNanoseconds / 1_000_000))))
            }
            return [
                "route": .string(name), "kind": kind.map { .string($0.rawValue) } ?? .null,
                "deadlines_ms": .object(JSONObject(members)),
            ]
        }
        return ["model": .string(model), "routes": .array(described)]
    }
}

extension Configuration.Route {
    /// `provider/model`, with `*` for the name that was asked for.
    fileprivate var name: String {
        switch target {
        case .model(let model): provider + "/" + model
        case .requestedName: provider + "/*"
        }
    }
}
