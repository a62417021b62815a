import Glibc

/// How the connection is made: name, address after address, TLS. One deadline covers all of it.
extension HTTPClientConnection {
    func startConnecting() {
        guard key.origin.scheme == .http || client.tls != nil else {
            return fail(.invalidRequest, "https without a TLS profile")
        }
        if let answer = client.resolver.known(key.origin.host) { return resolved(answer) }
        phase = .resolving
        let carrier = LoopBound(self, on: loop)
        client.resolver.resolve(key.origin.host, on: loop) { carrier.value.resolved($0) }
    }

    private func resolved(_ answer: Resolver.Answer) {
        guard phase == .starting || phase == .resolving else { return }
        switch answer {
        case .success(let found):
            addresses = found.prefix(client.limits.addresses)
            connectToNext()
        case .failure(let error):
            fail(error.code, error.cause, of: key.origin.host)
        }
    }

    private func connectToNext() {
        phase = .connecting
        while let address = addresses.popFirst()?.with(port: key.origin.port) {
            lastError = connect(to: address)
            if lastError == 0 || lastError == EINPROGRESS { return giveTime() }
            closeDescriptor()
        }
        fail(.connectFailed, systemMessage(lastError), of: key.origin.authority)
    }

    private func connect(to address: SocketAddress) -> Int32 {
        descriptor = Socket.make(address.family)
        guard descriptor >= 0 else { return errno }
        Socket.tune(descriptor, peerTime: .seconds(30))
        Socket.endWhenNothingIsTaken(descriptor)
        if let bytes = client.limits.receiveBufferBytes {
            Socket.set(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: bytes))
        }
        return Socket.connect(descriptor, to: address)
    }

    /// An address gets an equal share of the time that is left, so that a dead one does not use up all of it.
    private func giveTime() {
        let left = deadline.nanoseconds - loop.now().nanoseconds
        timer?.rearm(at: loop.now().advanced(byNanoseconds: left / Int64(addresses.count + 1)))
        loop.add(self, interest: Poll.output)
    }

    func connectFinished() {
        lastError = Socket.pendingError(descriptor)
        guard lastError == 0 else { return tryNext() }
        timer?.rearm(at: deadline)
        guard key.origin.scheme == .https, let profile = client.tls else { return activate() }
        do throws(TransportError) {
            tls = try TLSSession(
                profile, descriptor: descriptor, host: key.origin.host, resumption: client.resumption(for: key))
        } catch {
            return fail(error.code, error.message)
        }
        phase = .shakingHands
        shakeHands()
    }

    private func tryNext() {
        loop.remove(self)
        closeDescriptor()
        connectToNext()
    }

    func shakeHands() {
        guard let tls else { return }
        switch tls.handshake() {
        case .done, .bytes: activate()
        case .wantsInput: loop.change(self, interest: Poll.input)
        case .wantsOutput: loop.change(self, interest: Poll.output)
        case .closed: fail(.tlsFailed, "closed during the handshake", of: key.origin.authority)
        case .failed(let error): fail(.tlsFailed, error.message, of: key.origin.authority)
        }
    }

    func connectTimeIsUp() {
        if phase == .connecting, loop.now() < deadline {
            lastError = ETIMEDOUT
            tryNext()
        } else {
            fail(.connectTimedOut, "no connection in time", of: key.origin.authority)
        }
    }
}
