namespace Headgate.Caching;

/// <summary>What is to be done with an answer of which the headers are there.</summary>
internal enum ReceiptKind
{
    /// <summary>It is passed on, and not kept.</summary>
    Pass,

    /// <summary>It is passed on, and its body kept on the way: <see cref="AnswerCache.Keep"/>.</summary>
    Keep,

    /// <summary>The stored answer is the answer: it is current again.</summary>
    Freshened,

    /// <summary>The stored answer is the answer although it is stale: the API has none now.</summary>
    Stale,

    /// <summary>Its body is the part that was missing: <see cref="AnswerCache.Keep"/> makes the whole of it that is the answer.</summary>
    Join,

    /// <summary>It answers another question than was asked: the request goes to the API as it is.</summary>
    Again,
}

/// <summary>What came of an answer.</summary>
/// <param name="Kind">What is to be done.</param>
/// <param name="Stored">The stored answer that is meant.</param>
/// <param name="Refusal">Why it is not kept.</param>
internal readonly record struct Receipt(ReceiptKind Kind, StoredAnswer? Stored, StoreRefusal Refusal);

/// <summary>The answers that are stored, and the rules by which they come, stay and go. Times are milliseconds since the Unix epoch. Thread-safe.</summary>
/// <remarks>
/// Nothing here waits. Whoever sends does as is said:
/// <code>
/// Decide        what is to be done with a request: serve (ServedAnswer.Of), refuse, or ask the API with the headers of Forwarding.Of
/// Receive       what is to be done with the head of its answer: pass it on, keep it, serve what is stored, or ask again without a decision
/// Keep          the whole answer, once its body is there
/// Unreached     what stands in where there was no answer
/// </code>
/// </remarks>
internal sealed class AnswerCache(long limit, ICacheArchive? archive = null)
{
    private readonly EntryStore _store = new(limit, archive);
    private readonly Invalidations _invalidations = new(archive);
    private readonly OffTimes _off = new(archive);
    private volatile bool _hasSearchRules = archive is not null;

    public long Bytes => _store.Bytes;

    public int Count => _store.Count;

    /// <summary>What is there, for those who look after it.</summary>
    public AnswerInventory Inventory => new(_store, _invalidations);

    /// <summary>When the caches of which APIs were off.</summary>
    public OffTimes Off => _off;

    /// <summary>The most that the body of an answer may have: of a longer one it is not worth to keep what came of it.</summary>
    public long MostOfOne => _store.MostOfOne;

    /// <summary>What is to be done with a request.</summary>
    public ReuseDecision Decide(CacheRequest request, long now)
    {
        if (!request.IsLookup)
            return Reuse.Decide(request.Rules, request, null, ForwardReason.Method, isInvalid: false, now);
        var variants = Find(request);
        var stored = variants?.Of(request.Fields);
        return Reuse.Decide(request.Rules, request, stored, variants is null ? ForwardReason.UriMiss : ForwardReason.VaryMiss, IsInvalid(request, stored), now);
    }

    /// <summary>By which fields the newest answer was chosen of those that are stored of a URL; null if none is.</summary>
    public IReadOnlyList<string>? NamesOf(CacheRequest request) => Find(request) is { Answers: [var newest, ..] } ? newest.Selecting.Names : null;

    /// <summary>What is to be done with an answer; what it says of stored ones is done.</summary>
    /// <param name="request">What asked for it.</param>
    /// <param name="decision">What was decided then.</param>
    /// <param name="answer">Its head; the body is not looked at.</param>
    public Receipt Receive(CacheRequest request, in ReuseDecision decision, in ReceivedAnswer answer)
    {
        Invalidate(request, answer);
        var stored = decision.Stored;
        if (stored is not null && decision.Kind is ReuseKind.Validate or ReuseKind.ServeAndValidate && answer.Status == 304)
        {
            if (Freshening.Validated(request.Rules, request, stored!, answer) is not { } current)
                return new Receipt(ReceiptKind.Again, null, StoreRefusal.Status);
            Exchange(request, stored!, Storing.IsWithheld(current) ? null : current);
            return new Receipt(ReceiptKind.Freshened, current, StoreRefusal.None);
        }
        if (decision.Kind == ReuseKind.Complete && answer.Status is 206 or 416)
            return new Receipt(answer.Status == 206 ? ReceiptKind.Join : ReceiptKind.Again, stored, StoreRefusal.None);
        if (Staleness.MayServeOnError(request.Rules, request, stored, answer.Status, IsInvalid(request, stored), answer.ReceivedAt))
            return new Receipt(ReceiptKind.Stale, stored, StoreRefusal.Status);
        if (request.Method == "HEAD" && answer.Status == 200 && Find(request)?.Of(request.Fields) is { } headed)
            Exchange(request, headed, Freshening.Headed(request.Rules, request, headed, answer));
        var refusal = Storing.Why(request.Rules, request, answer.Status, answer.Fields, answer.ReceivedAt);
        if (refusal == StoreRefusal.Worthless)
            // What was stored is older than this.
            Drop(request);
        return new Receipt(refusal == StoreRefusal.None ? ReceiptKind.Keep : ReceiptKind.Pass, stored, refusal);
    }

    /// <summary>Keeps an answer with its whole body; returns what it is or was joined to, null where that cannot be: then what was to be joined is asked for again.</summary>
    /// <param name="request">What asked for it.</param>
    /// <param name="receipt">What was said of its head.</param>
    /// <param name="answer">All of it. A body shorter than it should be is kept as a part, if more of the same version can come.</param>
    /// <param name="isKept">Whether it is stored: it may be too large.</param>
    public StoredAnswer? Keep(CacheRequest request, in Receipt receipt, in ReceivedAnswer answer, out bool isKept)
    {
        isKept = false;
        var joined = receipt.Stored is { } part && answer.Status == 206 ? Freshening.Completed(request.Rules, request, part, answer) : null;
        if (joined is null && receipt.Kind == ReceiptKind.Join)
            return null;
        if ((joined ?? StoredAnswer.Of(request.Rules, request, answer)) is not { } stored)
            return null;
        // The part may be withheld where what was there is not.
        if (Storing.Why(request.Rules, request, answer.Status, answer.Fields, answer.ReceivedAt) is not (StoreRefusal.None or StoreRefusal.Worthless))
            return joined;
        var key = request.Key;
        if (stored.Search is { } search)
        {
            _hasSearchRules = true;
            _store.Put(SearchRules.KeyOf(key), request.Rules, entry => (entry as SearchRules ?? SearchRules.None).With(search));
            _store.Put(key, request.Rules, _ => null);
            key = SearchRules.KeyOf(key, search);
        }
        isKept = _store.Put(key, request.Rules, entry => (entry as Variants ?? Variants.None).With(stored, request.Fields)) is Variants kept && kept.Has(stored);
        return stored;
    }

    /// <summary>The stored answer that stands in for an API out of reach; null for none: then the answer is 504.</summary>
    public StoredAnswer? Unreached(CacheRequest request, in ReuseDecision decision, long now) =>
        Staleness.MayServeUnreached(request.Rules, request, decision.Stored, IsInvalid(request, decision.Stored), now) ? decision.Stored : null;

    /// <summary>Whether the stored answer stands in for one that tells of an error of the server.</summary>
    public bool StandsInFor(CacheRequest request, in ReuseDecision decision, int status, long now) =>
        Staleness.MayServeOnError(request.Rules, request, decision.Stored, status, IsInvalid(request, decision.Stored), now);

    /// <summary>Lets all answers in memory go.</summary>
    public void Clear() => _store.Clear();

    private bool IsInvalid(CacheRequest request, StoredAnswer? stored) => stored is not null && (stored.ValidFrom <= request.Rules.Since || _invalidations.Concern(stored));

    private Variants? Find(CacheRequest request)
    {
        var (key, rules) = (request.Key, request.Rules);
        if (_store.Find(key, rules) is Variants exact)
            return exact;
        if (_hasSearchRules && _store.Find(SearchRules.KeyOf(key), rules) is SearchRules known)
            foreach (var rule in known.Rules)
                if (_store.Find(SearchRules.KeyOf(key, rule), rules) is Variants simplified)
                    return simplified;
        return null;
    }

    private void Invalidate(CacheRequest request, in ReceivedAnswer answer)
    {
        foreach (var url in Invalidation.Of(request, answer.Status, answer.Fields))
            _invalidations.Invalidate(url, answer.ReceivedAt);
        foreach (var group in CacheGroups.InvalidatedBy(request.Method, answer.Fields))
            _invalidations.InvalidateGroup(request.Key.Url, group, answer.ReceivedAt);
    }

    private void Exchange(CacheRequest request, StoredAnswer earlier, StoredAnswer? later) =>
        _store.Put(KeyOf(request.Key, earlier), request.Rules, entry => (entry as Variants ?? Variants.None).With(later, earlier));

    private void Drop(CacheRequest request) => _store.Put(request.Key, request.Rules, entry => entry is Variants variants ? variants.Without(request.Fields) : null);

    private static CacheKey KeyOf(CacheKey key, StoredAnswer stored) => stored.Search is { } search ? SearchRules.KeyOf(key, search) : key;
}
