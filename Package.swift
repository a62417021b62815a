// swift-tools-version: 6.2
import PackageDescription

/// Settings every Swift target shares: warnings are errors, imports are internal unless a public signature needs
/// them, and a member is visible only where its module is imported.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// A library target in `Sources/<folder>`; module names carry the prefix so that they never clash in a user's package.
func library(_ folder: String, _ imports: [Target.Dependency] = []) -> Target {
    .target(name: "Freshet" + folder, dependencies: imports, path: "Sources/" + folder, swiftSettings: strict)
}

/// The tests of one library target, in `Tests/<folder>Tests`.
func tests(_ folder: String, _ imports: [Target.Dependency]) -> Target {
    .testTarget(
        name: folder + "Tests", dependencies: imports + ["FreshetTestSupport"], path: "Tests/" + folder + "Tests",
        swiftSettings: strict)
}

let package = Package(
    name: "freshet",
    products: [
        .executable(name: "freshet", targets: ["freshet"]),
        .library(name: "FreshetRouter", targets: ["FreshetRouter"]),
        .library(name: "FreshetClient", targets: ["FreshetClient"]),
    ],
    targets: [
        // Pure: bytes in, values out.
        library("EventStreams"),
        library("PartialJSON"),
        library("HTTPWire"),
        library("Generation", ["FreshetPartialJSON"]),
        library("Dialects", ["FreshetGeneration", "FreshetPartialJSON", "FreshetEventStreams"]),
        library("Relay", ["FreshetGeneration"]),
        library("Simulator", ["FreshetGeneration", "FreshetDialects", "FreshetPartialJSON", "FreshetEventStreams"]),

        // Effectful: they touch the world and decide nothing.
        library("Transport", ["FreshetHTTPWire", "CLinux", "COpenSSL", "CZlib"]),
        library("Stores", ["FreshetGeneration", "FreshetRelay", "FreshetPartialJSON", "CLinux", "CSQLite"]),
        library(
            "Router",
            [
                "FreshetEventStreams", "FreshetPartialJSON", "FreshetHTTPWire", "FreshetGeneration", "FreshetDialects",
                "FreshetRelay", "FreshetTransport",
            ]),
        library(
            "Gateway",
            [
                "FreshetEventStreams", "FreshetPartialJSON", "FreshetHTTPWire", "FreshetGeneration", "FreshetDialects",
                "FreshetRelay", "FreshetSimulator", "FreshetTransport", "FreshetRouter", "FreshetStores", "CLinux",
                "CYAML", "COpenSSL",
            ]),
        library(
            "Client",
            [
                "FreshetEventStreams", "FreshetPartialJSON", "FreshetGeneration", "FreshetRelay", "FreshetHTTPWire",
                "FreshetTransport",
            ]),
        .executableTarget(
            name: "freshet",
            dependencies: [
                "FreshetGateway", "FreshetClient", "FreshetSimulator", "FreshetDialects", "FreshetEventStreams",
                "FreshetGeneration",
            ],
            path: "Sources/freshet", swiftSettings: strict),

        // C: shims per library, each function saying why Swift cannot.
        .target(name: "CLinux", path: "Sources/CLinux"),
        .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL"),
        .systemLibrary(name: "CYAML", path: "Sources/CYAML"),
        .systemLibrary(name: "CSQLite", path: "Sources/CSQLite"),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib"),

        // `make bench` runs it: what each step of a token's way costs.
        .executableTarget(
            name: "token-cost", dependencies: ["FreshetDialects", "FreshetGeneration", "FreshetEventStreams"],
            path: "Tests/TokenCost", swiftSettings: strict),

        // `scripts/measure` and tests run it: a process that appends until it is killed, and what keeping costs.
        .executableTarget(
            name: "store-work",
            dependencies: ["FreshetStores", "FreshetGeneration", "FreshetTransport", "FreshetHTTPWire"],
            path: "Tests/StoreWork", swiftSettings: strict),

        // Tests.
        .target(name: "FreshetTestSupport", path: "Tests/Support", swiftSettings: strict),
        tests("EventStreams", ["FreshetEventStreams", "FreshetPartialJSON"]),
        tests("PartialJSON", ["FreshetPartialJSON"]),
        tests("HTTPWire", ["FreshetHTTPWire"]),
        tests("Generation", ["FreshetGeneration", "FreshetPartialJSON"]),
        tests("Dialects", ["FreshetDialects", "FreshetGeneration", "FreshetPartialJSON", "FreshetEventStreams"]),
        tests("Relay", ["FreshetRelay", "FreshetGeneration"]),
        tests(
            "Simulator",
            ["FreshetSimulator", "FreshetDialects", "FreshetGeneration", "FreshetPartialJSON", "FreshetEventStreams"]),
        tests("Transport", ["FreshetTransport", "FreshetHTTPWire"]),
        tests("Stores", ["FreshetStores", "FreshetGeneration", "FreshetPartialJSON"]),
        tests(
            "Gateway",
            [
                "FreshetGateway", "FreshetTransport", "FreshetHTTPWire", "FreshetRelay", "FreshetGeneration",
                "FreshetPartialJSON",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
