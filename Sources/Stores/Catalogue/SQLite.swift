import CSQLite

/// One connection to a database file; used by one thread at a time. Statements are prepared once.
final class SQLite {
    /// What a statement is given and gives.
    enum Value {
        case null
        case integer(Int64)
        case text(String)
        case blob([UInt8])
    }

    /// The row at which a statement stands. Columns count from 0.
    struct Row {
        fileprivate let statement: OpaquePointer

        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

        func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

        func text(_ column: Int32) -> String { String(decoding: blob(column), as: UTF8.self) }

        func blob(_ column: Int32) -> [UInt8] {
            guard let bytes = sqlite3_column_blob(statement, column) else { return [] }
            return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column))))
        }
    }

    private let path: String
    private var handle: OpaquePointer?
    private var statements: [String: OpaquePointer] = [:]
    // SQLite copies what it is given; the macro SQLITE_TRANSIENT is a cast that Swift does not import.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// - Parameters:
    ///   - path: Of the file, which is made where it is missing.
    ///   - isReadOnly: Nothing in it is changed; it must be there.
    /// - Throws: Why it cannot be opened.
    init(_ path: String, isReadOnly: Bool = false) throws(StoreFailure) {
        self.path = path
        let flags = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else { throw failure(code) }
        sqlite3_extended_result_codes(handle, 1)
    }

    deinit { close() }

    func close() {
        for statement in statements.values { sqlite3_finalize(statement) }
        statements = [:]
        sqlite3_close_v2(handle)
        handle = nil
    }

    /// Runs statements that give nothing back, one after the other.
    func execute(_ sql: String) throws(StoreFailure) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Runs one statement.
    ///
    /// - Returns: Rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [Value] = []) throws(StoreFailure) -> Int {
        _ = try rows(sql, values) { _ in }
        return Int(sqlite3_changes(handle))
    }

    /// Runs one statement and reads each row.
    func rows<Result>(
        _ sql: String, _ values: [Value] = [], _ read: (Row) -> Result
    ) throws(StoreFailure) -> [Result] {
        let statement = try prepared(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (place, value) in values.enumerated() { try bind(value, Int32(place + 1), statement) }
        var results: [Result] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: results.append(read(Row(statement: statement)))
            case SQLITE_DONE: return results
            case let code: throw failure(code)
            }
        }
    }

    /// Runs `work` whole or not at all.
    func transaction<Result>(_ work: () throws(StoreFailure) -> Result) throws(StoreFailure) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(StoreFailure) {
            let result = try work()
            try execute("COMMIT")
            return result
        } catch {
            // A full disk may have ended the transaction already.
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    private func prepared(_ sql: String) throws(StoreFailure) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw failure(code) }
        statements[sql] = statement
        return statement
    }

    private func bind(_ value: Value, _ place: Int32, _ statement: OpaquePointer) throws(StoreFailure) {
        let code: Int32
        switch value {
        case .null: code = sqlite3_bind_null(statement, place)
        case .integer(let integer): code = sqlite3_bind_int64(statement, place, integer)
        case .text(let text):
            let bytes = Array(text.utf8)
            code = sqlite3_bind_text64(
                statement, place, bytes, UInt64(bytes.count), Self.copied, UInt8(SQLITE_UTF8))
        case .blob(let bytes):
            code =
                bytes.isEmpty
                ? sqlite3_bind_zeroblob(statement, place, 0)
                : sqlite3_bind_blob64(statement, place, bytes, UInt64(bytes.count), Self.copied)
        }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> StoreFailure {
        let kind: StoreFailure.Kind =
            switch code & 0xFF {
            case SQLITE_FULL: .full
            case SQLITE_READONLY: .readOnly
            case SQLITE_PERM, SQLITE_AUTH, SQLITE_CANTOPEN: .denied
            case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
            case SQLITE_BUSY, SQLITE_LOCKED: .busy
            case SQLITE_IOERR: .failing
            default: .other
            }
        let words = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        return StoreFailure(kind, "catalogue \(path): \(words.map { String(cString: $0) } ?? "error \(code)")")
    }
}
