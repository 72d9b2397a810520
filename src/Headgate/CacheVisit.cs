using Headgate.Caching;
using Headgate.Keys;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>What the cache makes of an answer that has come.</summary>
internal enum Taken
{
    /// <summary>It is the answer, stored on its way or not.</summary>
    No,

    /// <summary>What is stored is the answer: <see cref="CacheVisit.ServeAsync"/>.</summary>
    Stored,

    /// <summary>It answers another question than was asked: the request is sent as it is.</summary>
    Again,
}

/// <summary>One request at the cache of its API, until it has its answer. Used by one caller; the line and whoever reads the answer write it while they work.</summary>
/// <param name="cache">The cache.</param>
/// <param name="exchange">The request.</param>
/// <param name="request">The same as the cache sees it.</param>
/// <param name="key">The key it must be sent with, for its answer to be that of those who look for it; null for any.</param>
/// <param name="isKnown">Whether it is known whose answers it gets; else nothing is looked up or stored.</param>
internal sealed class CacheVisit(ApiCache cache, Exchange exchange, CacheRequest request, PoolKey? key, bool isKnown)
{
    /// <summary>So many that came to nothing are waited for one after the other; then it goes by itself, or many would go one behind the other.</summary>
    private const int MostFollowed = 4;

    private ReuseDecision _decision;
    private Flight? _flight;

    /// <summary>By which fields the answer is chosen, as somebody's told it that was waited for.</summary>
    private IReadOnlyList<string>? _told;
    private StoredAnswer? _stored;

    /// <summary>Why the API would have been asked, had not somebody else asked it; null for one that waited for nobody.</summary>
    private ForwardReason? _shared;
    private bool _isCollecting;
    private CacheOutcome? _served;

    /// <summary>The conditions and the range that are sent in the place of the request's own; null where it goes as it is.</summary>
    public FieldList? Conditions { get; private set; }

    /// <summary>Who asks is told that the API cannot be reached as a cache says it (RFC 9111 §5.2.2.2): something is stored that must not be used, or the cache is one for many.</summary>
    public bool IsCutOff => _decision.Stored is not null || (request.IsLookup && cache.IsShared);

    /// <summary>The request as the cache sees it.</summary>
    public CacheRequest Request => request;

    /// <summary>Whether it is known whose answers it gets.</summary>
    public bool IsKnown => isKnown;

    /// <summary>Whose answers it gets, in a word without a secret.</summary>
    public string Whose => cache.WhoseOf(exchange, request, key);

    /// <summary>Status and <c>Location</c> of the stored answer that was found.</summary>
    public (int Status, string? Location) Found => _stored is { } stored ? (stored.Status, stored.Fields.First("Location")) : (504, null);

    private FlightTerms Terms => new(exchange.Terms.Priority, exchange.Terms.IsDirect, exchange.Terms.Queue, exchange.Terms.Country);

    /// <summary>Of one that leads elsewhere a place is kept that others may wait for; and who says what it costs waits for himself.</summary>
    private bool CanShare => isKnown && exchange is { Hops: 0, Terms.DeclaredCost: null } && request is { Method: "GET", IsLookup: true, Range: null, GoesPast: false, WantsValidation: false };

    /// <summary>Looks, and waits for who asks the same; null if the API is to be asked.</summary>
    public async ValueTask<CacheVisit?> FindAsync(CancellationToken waiting)
    {
        var followed = 0;
        for (var shares = CanShare; ;)
        {
            Decide();
            if (_decision.Kind == ReuseKind.Refuse)
                return Serve(null, CacheOutcome.Miss, new CacheStatus { Forward = _decision.Reason, Detail = "only-if-cached" });
            if (_decision.IsHit)
            {
                if (_decision.Kind == ReuseKind.ServeAndValidate)
                    CacheRefresh.Begin(cache, exchange, request);
                cache.Counts.Hit(_shared is not null);
                return Serve(_decision.Stored, CacheOutcome.Hit, new CacheStatus { IsHit = _shared is null, Forward = _shared ?? ForwardReason.None, IsCollapsed = _shared is not null, Ttl = Seconds(_decision.Stored!) });
            }
            if (!shares)
                return null;
            if (Join() is not { } other)
                return null;
            _shared = _decision.Reason;
            shares = await FollowAsync(other, waiting).ConfigureAwait(false) == FlightEnd.Gone && ++followed < MostFollowed;
            _told = other.Names ?? _told;
        }
    }

    /// <summary>The stored answer that was found is validated, whatever else happens to it.</summary>
    /// <returns>Whether nobody else does.</returns>
    public bool BeginRefresh()
    {
        Decide();
        if (_decision.Kind != ReuseKind.ServeAndValidate)
            return false;
        Join();
        return _flight is not null;
    }

    /// <summary>An answer is here, and is the last one if it is not one that what is stored can stand in for.</summary>
    /// <param name="attempt">The attempt, which is ended unless its answer is the answer.</param>
    /// <param name="isLast">It is not tried again.</param>
    public async ValueTask<Taken> TakeAsync(Attempt attempt, bool isLast)
    {
        if (attempt.Answer is not { } head || !(isLast || cache.Answers.StandsInFor(request, _decision, attempt.Status, cache.Now)))
            return Taken.No;
        var answer = Received(attempt, head);
        // Another key may have taken the place of the one that it was looked up for.
        var isOurs = isKnown && (key is null || attempt.Permit.Key == key);
        if (!isOurs && Conditions is not null && answer.Status is 304 or 206 or 412 or 416)
            return Again(attempt);
        if (!isOurs)
            _decision = _decision with { Kind = ReuseKind.Forward, Stored = null };
        var receipt = cache.Answers.Receive(request, _decision, answer);
        switch (receipt.Kind)
        {
            case ReceiptKind.Again:
                return Again(attempt);
            case ReceiptKind.Freshened:
                cache.Counts.Revalidate();
                return Instead(attempt, receipt.Stored!, CacheOutcome.Revalidated);
            case ReceiptKind.Stale:
                cache.Counts.StandIn();
                return Instead(attempt, receipt.Stored!, CacheOutcome.Stale);
            case ReceiptKind.Join:
                return await JoinAsync(attempt, receipt, answer).ConfigureAwait(false);
            default:
                Pass(attempt, head, receipt, answer, receipt.Kind == ReceiptKind.Keep && isOurs && !attempt.WasRefused);
                return Taken.No;
        }
    }

    /// <summary>An answer was passed by: one that sends on to another place.</summary>
    public void PassBy(Attempt attempt)
    {
        if (attempt.Answer is { } head)
            cache.Answers.Receive(request, new ReuseDecision(ReuseKind.Forward, _decision.Reason, null), Received(attempt, head));
        Leave(FailureClass.None);
    }

    /// <summary>Whether what is stored is the answer after a failure that would be tried again: only where that was said.</summary>
    public bool SparesRetry(in Outcome outcome) => outcome.Class is FailureClass.Network or FailureClass.Timeout
        && (_decision.Stored?.Directives.StaleIfError ?? request.Directives.StaleIfError) is not null && cache.Answers.Unreached(request, _decision, cache.Now) is not null;

    /// <summary>Whether what is stored is the answer to a request that has none.</summary>
    public bool StandsInFor(HeadgateException failure)
    {
        if (failure.FailureClass is not (FailureClass.Network or FailureClass.Timeout or FailureClass.CircuitOpen) || cache.Answers.Unreached(request, _decision, cache.Now) is not { } stored)
            return false;
        cache.Counts.StandIn();
        Serve(stored, CacheOutcome.Stale, new CacheStatus { Forward = _decision.Reason, Ttl = Seconds(stored), Detail = "unreached" });
        return true;
    }

    /// <summary>Gives the stored answer that was found.</summary>
    public async ValueTask<HttpResponseMessage> ServeAsync(CancellationToken cancellation)
    {
        var served = _stored is { } stored ? ServedAnswer.Of(request, stored, cache.Now) : new ServedAnswer(504, null, new FieldList(new Field("Content-Length", "0")), default);
        exchange.Cache = _served;
        (exchange.Failure, exchange.Detail, exchange.MaybeSent) = exchange.Terms.Expected.Contains(served.Status) || served.Status < 300 ? (FailureClass.None, null, false)
            : (served.Status < 500 ? FailureClass.Client : FailureClass.Server, $"the stored answer is {served.Status}", false);
        exchange.Tell(LineStep.Stored);
        var answer = StoredContent.MessageOf(exchange, served);
        if (exchange.Receive is { } receive)
            await receive(answer, cancellation).ConfigureAwait(false);
        return answer;
    }

    /// <summary>The request is over, unless its answer is still being read.</summary>
    /// <param name="failure">Why it has no answer; none if it has one.</param>
    public void Leave(FailureClass failure)
    {
        if (!_isCollecting)
            End(failure is FailureClass.Cancelled or FailureClass.Deadline ? FlightEnd.Gone : FlightEnd.Alone);
    }

    private void Decide()
    {
        _decision = isKnown ? cache.Answers.Decide(request, cache.Now) : new ReuseDecision(ReuseKind.Forward, request.IsLookup ? ForwardReason.Bypass : ForwardReason.Method, null);
        SetConditions();
    }

    private void SetConditions() => Conditions = _decision.Kind is ReuseKind.Forward or ReuseKind.Serve || _decision.Stored is null ? null
        : Forwarding.Of(request, _decision).Where(static field => Forwarding.IsConditional(field.Name));

    /// <summary>Whom to wait for; null where it asks itself, for others too unless it must not.</summary>
    private Flight? Join()
    {
        var stored = _decision.Reason == ForwardReason.UriMiss ? null : cache.Answers.NamesOf(request);
        (var other, _flight) = cache.Engine.Stored.Flights.Join(request, Terms, _told, stored, cache.Now);
        return other;
    }

    private void Share(Selecting selecting)
    {
        if (_flight is { } flight && selecting != Selecting.Never)
            cache.Engine.Stored.Flights.Share(request, flight, selecting);
    }

    private async ValueTask<FlightEnd> FollowAsync(Flight flight, CancellationToken waiting)
    {
        var (clock, asked) = (cache.Engine.Clock, cache.Engine.Clock.Now);
        var longest = exchange.ExpiresAt == long.MaxValue ? Timeout.InfiniteTimeSpan : Clock.Span(Math.Clamp(exchange.ExpiresAt - asked, 0, Clock.Nanoseconds(Clock.LongestTimer)));
        var end = await flight.FollowAsync(request, longest, waiting).ConfigureAwait(false);
        exchange.Waited += clock.Now - asked;
        return end;
    }

    private Taken Again(Attempt attempt)
    {
        _decision = _decision with { Kind = ReuseKind.Forward, Stored = null };
        Conditions = null;
        Drop(attempt);
        attempt.WriteEnd();
        return Taken.Again;
    }

    private Taken Instead(Attempt attempt, StoredAnswer stored, string word)
    {
        var status = attempt.Status;
        Drop(attempt);
        Serve(stored, word, new CacheStatus { Forward = _decision.Reason, ForwardStatus = status, Ttl = Seconds(stored), IsStored = word == CacheOutcome.Revalidated });
        if (word == CacheOutcome.Revalidated)
            Share(stored.Selecting);
        End(word == CacheOutcome.Revalidated ? FlightEnd.Kept : FlightEnd.Alone);
        return Taken.Stored;
    }

    private static void Drop(Attempt attempt)
    {
        attempt.Answer!.Dispose();
        attempt.End(isWhole: attempt.Failure == FailureClass.None);
    }

    /// <summary>The part that was missing is read, and joined to what there is.</summary>
    private async ValueTask<Taken> JoinAsync(Attempt attempt, Receipt receipt, ReceivedAnswer answer)
    {
        ReadOnlyMemory<byte>? part = null;
        // What breaks off is asked for again as a whole, which is tried again as usual.
        if (attempt.AnnouncedLength is { } length && length <= cache.Answers.MostOfOne && await attempt.ReceiveAsync(async (head, cancellation) =>
            {
                var body = await head.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
                part = body.Length == length ? body : null;
            }).ConfigureAwait(false) is { } broken)
            attempt.Break(broken);
        if (part is null || cache.Answers.Keep(request, receipt, answer with { Body = part.Value }, out var isKept) is not { } joined)
            return Again(attempt);
        if (isKept)
            Stored();
        // A server may give less than it was asked for (RFC 9110 §15.3.7): then there is more than before, but not all.
        if (!Reuse.HasAll(request, joined))
            return Again(attempt);
        cache.Counts.Revalidate();
        return Instead(attempt, joined, CacheOutcome.Revalidated);
    }

    /// <summary>The answer goes to who asked, and is stored on its way where it may be.</summary>
    private void Pass(Attempt attempt, HttpResponseMessage head, Receipt receipt, ReceivedAnswer answer, bool keeps)
    {
        keeps &= !(attempt.AnnouncedLength > cache.Answers.MostOfOne);
        cache.Counts.Forward(_decision.Reason);
        var word = _decision.Reason is ForwardReason.Method or ForwardReason.Bypass ? null : CacheOutcome.Miss;
        exchange.Cache = new CacheOutcome(word, new CacheStatus { Forward = _decision.Reason, ForwardStatus = answer.Status, IsStored = keeps, Detail = isKnown || !request.IsLookup ? null : "keys" });
        if (!keeps)
        {
            End(FlightEnd.Alone);
            return;
        }
        _isCollecting = true;
        Share(Selecting.Of(answer.Fields, request.Fields)!);
        var collector = new BodyCollector(attempt.AnnouncedLength, cache.Answers.MostOfOne, cache.Engine.Stored.Collecting, (body, isWhole) => Keep(receipt, answer, body, isWhole, attempt.AnnouncedLength is not null));
        if (answer.Status is 204 or 304 || attempt.AnnouncedLength == 0)
        {
            collector.End(isWhole: true);
            return;
        }
        head.Content = new StoringContent(head.Content, collector);
    }

    /// <summary>The body has ended. Of one that broke off only a part is stored, and only where it is known of what.</summary>
    private void Keep(Receipt receipt, ReceivedAnswer answer, ReadOnlyMemory<byte>? body, bool isWhole, bool isAnnounced)
    {
        _isCollecting = false;
        var isKept = false;
        if (body is { } bytes && (isWhole || (isAnnounced && bytes.Length > 0)))
            cache.Answers.Keep(request, receipt, answer with { Body = bytes }, out isKept);
        if (isKept)
            Stored();
        End(!isWhole && body is not null ? FlightEnd.Gone : isKept ? FlightEnd.Kept : FlightEnd.Alone);
    }

    private void Stored()
    {
        cache.Counts.Store();
        cache.Engine.Stored.Owners.Add(request.Key.Credentials, () => Whose);
    }

    private void End(FlightEnd end)
    {
        if (_flight is not { } flight)
            return;
        _flight = null;
        cache.Engine.Stored.Flights.End(request.Key, flight, end, cache.Now);
    }

    private CacheVisit Serve(StoredAnswer? stored, string word, CacheStatus status)
    {
        if (word != CacheOutcome.Hit)
            cache.Counts.Forward(_decision.Reason);
        (_stored, _served) = (stored, new CacheOutcome(word, status));
        return this;
    }

    private ReceivedAnswer Received(Attempt attempt, HttpResponseMessage head)
    {
        var (now, mono) = (cache.Now, cache.Engine.Clock.Now);
        return new ReceivedAnswer(attempt.Status, head.ReasonPhrase, FieldList.Of(head), now - (mono - attempt.SentAt) / Clock.Millisecond, now - (mono - attempt.AnsweredAt) / Clock.Millisecond, default);
    }

    private long Seconds(StoredAnswer stored) => (long)Math.Floor(stored.LeftAt(cache.Now) / 1000.0);
}
