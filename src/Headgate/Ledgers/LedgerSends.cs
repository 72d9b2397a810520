namespace Headgate.Ledgers;

/// <summary>What a ledger tells of lines and jobs that were sent and have no result, and of attempts nobody knows the end of.</summary>
internal sealed class LedgerSends
{
    /// <summary>Sent, and no end is known; or answered, and the result was lost with the power.</summary>
    private readonly Names _maybe = new();

    /// <summary>Sent, and answered in a way after which it would have been sent again, had its method allowed it.</summary>
    private readonly Names _failed = new();

    /// <summary>Sent, and no end is known, whether there is a result or not.</summary>
    private readonly Names _open = new();

    private LedgerSends() { }

    /// <summary>Reads a ledger.</summary>
    /// <param name="ledger">Its path.</param>
    /// <param name="hasResult">Whether there is a result of what is known by an id, or by its line where it has none; null for none.</param>
    /// <param name="clock">What the ledgers before tell of the wall clock; null for nothing.</param>
    /// <exception cref="LedgerException">It cannot be read.</exception>
    public static LedgerSends Read(string ledger, Func<string?, long, bool>? hasResult = null, LatestClock? clock = null)
    {
        clock ??= new LatestClock();
        var sends = new LedgerSends();
        var open = new Dictionary<long, Sent>();
        using var reader = LedgerReader.Open(ledger);
        while (reader.Read())
            if (reader.Kind == LedgerRecordKind.Header)
                clock.Begin(reader.Header);
            else if (reader.Kind == LedgerRecordKind.Intent)
                open[reader.Intent.Number] = new Sent(reader.Intent.Id, reader.Intent.Line ?? 0, clock.At(reader.Intent.WallUs, reader.Intent.SentUs));
            else if (reader.Kind == LedgerRecordKind.End && open.Remove(reader.End.Number, out var ended) && !HasResult(ended))
                sends.Ended(ended, reader.End);
        foreach (var name in open.Values)
        {
            sends._open.Add(name);
            if (!HasResult(name))
                sends._maybe.Add(name);
        }
        return sends;

        bool HasResult(in Sent name) => hasResult?.Invoke(name.Id, name.Line) ?? false;
    }

    /// <summary>The ids of all of which it tells anything.</summary>
    public IEnumerable<string> Ids => _maybe.Ids.Concat(_failed.Ids).Distinct();

    /// <summary>Whether what has no result may have been sent, so that to send it is to send it again.</summary>
    /// <param name="id">Its id; null for one that is known by its line.</param>
    /// <param name="line">Its line.</param>
    /// <param name="isRepeatable">Whether it may be sent twice.</param>
    /// <param name="since">When it was accepted, by the wall clock: what was sent before was another one of its name.</param>
    public bool MayHaveArrived(string? id, long line, bool isRepeatable, DateTimeOffset since = default)
    {
        var sinceUs = (since - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return _maybe.Has(id, line, sinceUs) || (!isRepeatable && _failed.Has(id, line, sinceUs));
    }

    /// <summary>Whether an attempt was sent whose end is not known.</summary>
    public bool IsOpen(string? id, long line) => _open.Has(id, line, long.MinValue);

    private void Ended(in Sent name, in LedgerEnd end)
    {
        if (end.WasNeverSent)
            return;
        // A refusal was not done, and the line would have gone on to its next attempt.
        if (end.Class == Jobs.WireNames.Of(FailureClass.RateLimit))
            return;
        // A body that broke off, or an answer that sends elsewhere, is not the last either, unless its method forbids another.
        var isFinal = end.Status is >= 200 and < 300 or >= 400 and < 500 and not 408 && (end.Class is null || end.Class == Jobs.WireNames.Of(FailureClass.Client));
        (isFinal ? _maybe : _failed).Add(name);
    }

    /// <summary>One that was sent.</summary>
    /// <param name="Id">By what it is known; null for its line.</param>
    /// <param name="Line">The line.</param>
    /// <param name="LatestUs">Not after this it was accepted: see <see cref="LatestClock"/>.</param>
    private readonly record struct Sent(string? Id, long Line, long LatestUs);

    /// <summary>When each was sent last.</summary>
    private sealed class Names
    {
        private readonly Dictionary<string, long> _ids = [];
        private readonly Dictionary<long, long> _lines = [];

        public IEnumerable<string> Ids => _ids.Keys;

        public void Add(in Sent sent)
        {
            if (sent.Id is { } id)
                _ids[id] = Math.Max(sent.LatestUs, _ids.GetValueOrDefault(id, long.MinValue));
            else
                _lines[sent.Line] = Math.Max(sent.LatestUs, _lines.GetValueOrDefault(sent.Line, long.MinValue));
        }

        public bool Has(string? id, long line, long sinceUs) => (id is null ? _lines.TryGetValue(line, out var at) : _ids.TryGetValue(id, out at)) && at >= sinceUs;
    }
}
