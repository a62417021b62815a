import Foundation
import FreshetTestSupport
import Glibc

/// A certificate authority made on the spot with the `openssl` command, and a server's certificates signed by it; in
/// one folder below `.build`, made anew by each run.
struct TestAuthority: Sendable {
    let folder: URL

    /// nil when there is no `openssl` command.
    static let shared: TestAuthority? = try? TestAuthority()

    private init() throws {
        folder = Corpus.project.appending(path: ".build/test-authority")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try makeRoot("ca")
        try makeRoot("stranger")
        try makeLeaf("good", names: "DNS:localhost,IP:127.0.0.1")
        try makeLeaf("wrong", names: "DNS:example.org,IP:192.0.2.1")
        try makeLeaf("old", names: "DNS:localhost,IP:127.0.0.1", days: ["-days", "-1"])
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    private func makeRoot(_ name: String) throws {
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(name)", "-days", "2", "-keyout", path(name + ".key"), "-out", path(name + ".pem"))
    }

    private func makeLeaf(_ name: String, names: String, days: [String] = ["-days", "2"]) throws {
        let extensions = "subjectAltName=\(names)\n"
        try extensions.write(to: folder.appending(path: name + ".ext"), atomically: true, encoding: .utf8)
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x", "-keyout",
            path(name + ".key"), "-out", path(name + ".csr"))
        try openssl(
            ["x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key")] + [
                "-CAcreateserial", "-extfile", path(name + ".ext"), "-out", path(name + ".pem"),
            ] + days)
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        struct Failed: Error { let arguments: [String] }
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }
}

/// An HTTPS server in Python: written by others, and able to cut a connection without TLS' goodbye.
final class PythonTLSServer: @unchecked Sendable {  // its process is started and ended by one thread
    let port: UInt16
    private let process = Process()
    private let output = Pipe()

    /// Serves these paths: `/length`, `/chunked`, `/close` (until the end, with goodbye), `/cut` (without), `/reset`,
    /// `/large` (8 MiB), `/resumed` (whether the session was taken up), `/slow` (one byte every 2 ms).
    private static let script = """
        import os, socket, ssl, struct, sys, threading, time
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
        if sys.argv[2] == "1.2": context.maximum_version = ssl.TLSVersion.TLSv1_2
        if sys.argv[2] == "1.1":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        print(listener.getsockname()[1], flush=True)
        def whole(body): return b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
        def serve(raw):
            try:
                tls = context.wrap_socket(raw, server_side=True)
                pending = b""
                while True:
                    while b"\\r\\n\\r\\n" not in pending:
                        more = tls.recv(65536)
                        if not more: return
                        pending += more
                    head, pending = pending.split(b"\\r\\n\\r\\n", 1)
                    path = head.split(b" ")[1]
                    if path == b"/length": tls.sendall(whole(b"hello"))
                    elif path == b"/resumed": tls.sendall(whole(b"%d" % tls.session_reused))
                    elif path == b"/large": tls.sendall(whole(b"x" * (8 << 20)))
                    elif path == b"/chunked":
                        tls.sendall(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
                        for word in [b"one", b"two"]: tls.sendall(b"3\\r\\n" + word + b"\\r\\n")
                        tls.sendall(b"0\\r\\n\\r\\n")
                    elif path == b"/slow":
                        tls.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 20\\r\\n\\r\\n")
                        for _ in range(20):
                            time.sleep(0.002)
                            tls.sendall(b".")
                    else:
                        tls.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\nuntil the end")
                        if path == b"/close": tls.unwrap()
                        if path == b"/reset":
                            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return os.close(tls.detach())
            except OSError: pass
            finally: raw.close()
        while True:
            raw, _ = listener.accept()
            threading.Thread(target=serve, args=(raw,), daemon=True).start()
        """

    init?(_ authority: TestAuthority, certificate: String, version: String = "1.3") throws {
        let file = authority.folder.appending(path: "server-\(UUID().uuidString).py")
        try Self.script.write(to: file, atomically: true, encoding: .utf8)
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [file.path, authority.path(certificate), version]
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = UInt16(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { return nil }
        self.port = port
    }

    /// Not by SIGTERM: a child inherits the blocked signals of the worker thread that started it.
    func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
