import FreshetGeneration

/// What waits for the block that is being sent, in the order in which it began. O(1) an item, and to find a block.
struct AnthropicWaiting {
    enum Item {
        case block(AnthropicBlocks.Block)
        case aside(AnthropicBlocks.Aside)
    }

    /// Nil where one was taken out; all before `head` are.
    private var items: [Item?] = []
    private var head = 0
    /// How many items were dropped from the front of `items`.
    private var dropped = 0
    /// Where blocks are by their number, counted from the first item that ever waited.
    private var places: [Int: Int] = [:]

    mutating func append(_ block: AnthropicBlocks.Block) {
        places[block.start.block] = dropped + items.count
        items.append(.block(block))
    }

    mutating func append(_ aside: AnthropicBlocks.Aside) { items.append(.aside(aside)) }

    mutating func popFirst() -> Item? {
        guard head < items.count, let first = items[head] else { return nil }
        items[head] = nil
        head += 1
        if case .block(let block) = first { places[block.start.block] = nil }
        if head > items.count / 2 {
            items.removeFirst(head)
            (dropped, head) = (dropped + head, 0)
        }
        return first
    }

    /// Changes a block that waits; does nothing where none of that number does.
    mutating func change(_ number: Int, _ body: (inout AnthropicBlocks.Block) -> Void) {
        guard let place = places[number].map({ $0 - dropped }), case .block(var block)? = items[place] else { return }
        // Taken out meanwhile, so that what grows is not copied every time.
        items[place] = nil
        body(&block)
        items[place] = .block(block)
    }
}
