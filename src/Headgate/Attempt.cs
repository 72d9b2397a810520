using System.Runtime.CompilerServices;
using Headgate.Connections;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Proxies;
using Headgate.Quotas;
using Headgate.Retries;

namespace Headgate;

/// <summary>
/// One send, paid for by one permit: from the moment the permit is there until the attempt has ended. It is told by the guard right before
/// its first byte, writes down the intent, and starts the clock of its timeout then.
/// </summary>
internal sealed class Attempt : ISendWitness, IDisposable
{
    private const int Unsent = 0, Leaves = 1, GivenUp = 2;

    private readonly Engine _engine;
    private readonly Exchange _exchange;
    private readonly LinePermit _permit;

    /// <summary>What was assumed of arrival when it was let go.</summary>
    private readonly ArrivalTerms _terms;
    private readonly CancellationTokenSource _cancellation;
    private readonly CancellationTokenRegistration _caller;
    private readonly CancellationToken _callersToken;
    private long _announced = -1;
    private long _recordedAs;

    /// <summary>What put it on disk before it was handed to the transport; null if nothing did.</summary>
    private SendPromise? _promise;
    private bool _timesOutAtDeadline;
    private bool _wasReceived;
    private bool _isEndWritten;
    private bool _isWellSoFar;
    private TaskCompletionSource? _firstByte;

    /// <summary>The token it brought that was fetched for it; null for none.</summary>
    private string? _token;

    /// <summary>Whether it leaves, or was given up before: the one or the other.</summary>
    private int _fate;

    public Attempt(Engine engine, Upstream upstream, Exchange exchange, LinePermit permit, CancellationToken cancellation)
    {
        (_engine, Upstream, _exchange, _permit, _callersToken, _terms) = (engine, upstream, exchange, permit, cancellation, upstream.Terms);
        (permit.Attempt, permit.Keeper) = (this, exchange.Terms.IsRecorded ? upstream.Cap : null);
        Previous = exchange.Last;
        exchange.Last = this;
        if (Previous is { } previous)
            // One is enough to know what came before; a long chain would hold all its answers.
            previous.Previous = null;
        Uri = upstream.AddressOf(exchange.Uri);
        _cancellation = engine.Timeouts.Take();
        _caller = cancellation.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _cancellation);
    }

    public Upstream Upstream { get; }

    public Permit Permit => _permit;

    /// <summary>Where it goes: the request's own address, or the same at another base that is up.</summary>
    public Uri Uri { get; }

    public Exchange Exchange => _exchange;

    /// <summary>The proxy it goes by; null for none.</summary>
    public ProxyEndpoint? Via => _permit.Proxy?.Endpoint;

    /// <summary>The attempt of the same request before this one; null for the first.</summary>
    public Attempt? Previous { get; private set; }

    /// <summary>The number under which it is recorded; 0 until it is about to be. May be read by anybody.</summary>
    public long RecordedAs => Volatile.Read(ref _recordedAs);

    /// <summary>Its number in the ledger; 0 until it was sent.</summary>
    public long Number { get; private set; }

    public long SentAt => _permit.SentAt;

    /// <summary>When it was sent; of one that never was, when that was known.</summary>
    public long TriedAt => WasSent ? SentAt : AnsweredAt;

    /// <summary>When it had arrived at the latest, as far as is known.</summary>
    public long LateAt { get; private set; }

    /// <summary>When the final headers came, or it was given up.</summary>
    public long AnsweredAt { get; private set; }

    public long EndedAt { get; private set; }

    /// <summary>Nobody knows whether, or when, it arrived.</summary>
    public bool IsLost { get; private set; }

    public int Status { get; private set; }

    public FailureClass Failure { get; private set; }

    /// <summary>What the runtime says of why there is no answer.</summary>
    public HttpRequestError Error { get; private set; }

    /// <summary>What units settled at the end came to, where that is known.</summary>
    public Cost? Actual { get; set; }

    public HttpResponseMessage? Answer { get; private set; }

    /// <summary>How long the body of the answer is to be; null if nobody says, or there is none.</summary>
    public long? AnnouncedLength => _announced < 0 ? null : _announced;

    /// <summary>What the answer tells of the server's limits.</summary>
    public QuotaReport Told { get; set; } = QuotaReport.None;

    public CancellationToken Token => _cancellation.Token;

    public bool WasSent => Number != 0;

    /// <summary>It was sent beside another one that took long.</summary>
    public bool IsHedge { get; init; }

    /// <summary>What was put in its way on purpose: error, latency, reset; null for nothing.</summary>
    public string? Chaos { get; set; }

    /// <summary>A limit of the server refused it, or its key: it was not done.</summary>
    public bool WasRefused { get; set; }

    /// <summary>Sends, and waits for what comes of it: the headers of the final answer, and its body where only that tells what it means.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Outcome> RunAsync()
    {
        try
        {
            var answer = Upstream.Chaos is { } chaos ? await chaos.SendAsync(this).ConfigureAwait(false) : await SendAsync().ConfigureAwait(false);
            var outcome = Answered(answer);
            return AnswerMeaning.IsTelling(this, outcome) ? await AnswerMeaning.ReadAsync(this, outcome).ConfigureAwait(false) : outcome;
        }
        catch (Exception failure)
        {
            return await JudgeAsync(Broken(failure)).ConfigureAwait(false);
        }
    }

    /// <summary>Sends, and waits for the headers of the final answer.</summary>
    public Task<HttpResponseMessage> SendAsync() =>
        _engine.Journal.BeforeSends is { } sync ? (_promise = new SendPromise(_engine, this)).SendAsync(sync) : SendNow();

    /// <summary>Hands it to the transport.</summary>
    public Task<HttpResponseMessage> SendNow()
    {
        var sending = Upstream.Transport.SendAsync(AttemptMessage.Of(this, _permit, out _token), _exchange.Terms.IsPassedOn, Via, Token);
        if (!WasSent)
            TimeConnecting();
        return sending;
    }

    /// <summary>What an answer says.</summary>
    /// <exception cref="HttpIOException">Nobody can tell where it ends.</exception>
    private Outcome Answered(HttpResponseMessage answer)
    {
        (Answer, Status) = (answer, (int)answer.StatusCode);
        _announced = BodyLength.Announced(answer) ?? -1;
        Told = QuotaReader.Read(Status, answer.Headers, _engine.Clock.Provider.GetUtcNow());
        // What it brought has been taken back: with another one it may go well.
        return Status == 401 && _token is { } token && Upstream.Token?.Refused(token) == true && Told.ShouldRetry is null ? OutcomeOf(Told) with { ShouldRetry = true } : OutcomeOf(Told);
    }

    /// <summary>What the answer comes to, with all that is told of limits.</summary>
    public Outcome OutcomeOf(QuotaReport told) => OutcomeReader.Read(Status) with { Sent = WasSent, Refused = told.Refused, RetryAfter = told.Pause ?? told.RetryAfter, ShouldRetry = told.ShouldRetry };

    /// <summary>Why there is no answer.</summary>
    private Outcome Broken(Exception failure)
    {
        var hadBegun = Answer is not null;
        Answer?.Dispose();
        (Answer, Status, Error) = (null, 0, HeadgateException.ErrorOf(failure));
        try
        {
            return Failed(failure) is var outcome && hadBegun ? outcome with { BrokeOff = true } : outcome;
        }
        catch
        {
            // The intent could not be written: nothing was sent, and whoever asked will stop.
            _promise?.TakeBack();
            _engine.Dispatcher.Return(_permit);
            Dispose();
            throw;
        }
    }

    /// <summary>Reads the body within the attempt; null if all went well.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Outcome?> ReceiveAsync(Func<HttpResponseMessage, CancellationToken, ValueTask> receive)
    {
        try
        {
            await receive(Answer!, Token).ConfigureAwait(false);
            _wasReceived = true;
            return null;
        }
        catch (Exception e) when (FailureReader.IsOfTransport(e))
        {
            Answer!.Dispose();
            Error = HeadgateException.ErrorOf(e);
            return await JudgeAsync(Failed(e) with { BrokeOff = true }).ConfigureAwait(false);
        }
        catch (BrokenAnswerException broken)
        {
            Answer!.Dispose();
            var outcome = Failed(broken.Cause);
            // Whoever hangs up says nothing of how it would have ended.
            if (outcome.Class != FailureClass.Cancelled)
                Break(await JudgeAsync(outcome with { BrokeOff = true }).ConfigureAwait(false));
            Dispose();
            throw;
        }
        catch
        {
            // The receiver's own, a full disk for example: no other attempt would fare better.
            Answer!.Dispose();
            Dispose();
            throw;
        }
    }

    /// <summary>What it came to, once it is known whether that was the fault of the proxy that it went by.</summary>
    public ValueTask<Outcome> JudgeAsync(in Outcome outcome) =>
        Via is null ? new ValueTask<Outcome>(outcome) : ProxyBlame.JudgeAsync(_engine, this, outcome, _callersToken);

    /// <summary>The body broke off: that is how the attempt ends, whatever its headers said.</summary>
    public void Break(in Outcome outcome)
    {
        if (EndedAt != 0)
            return;
        (Failure, _isWellSoFar, _exchange.LastError) = (outcome.Class, false, outcome.Detail);
        Upstream.Learning.Broke(this, outcome);
    }

    /// <summary>Called by the guard: the intent is on its way to the disk before the first byte is on its way to the server.</summary>
    public void BeforeFirstByte()
    {
        // The connection came when its time was over, and nobody had told the handler yet: sent now, its answer would not be waited for.
        Token.ThrowIfCancellationRequested();
        if (Interlocked.CompareExchange(ref _fate, Leaves, Unsent) == GivenUp)
            throw new OperationCanceledException("another attempt was answered before this one was sent");
        _permit.SentAt = _engine.Clock.Now;
        var wasWritten = _promise is null && Record();
        Number = RecordedAs;
        // A slow disk may have kept it here: D and the time for the answer begin with the first byte, not with the record.
        if (wasWritten)
            _permit.SentAt = _engine.Clock.Now;
        var now = _permit.SentAt;
        _engine.Dispatcher.Sent(_permit, now);
        GiveUpAfter(_exchange.Terms.Timeout ?? Upstream.Adaptation.Timeout, now);
        _exchange.Tell(LineStep.Sent);
        _firstByte?.TrySetResult();
    }

    /// <summary>Writes the intent down; says whether there was anything to write to.</summary>
    public bool Record()
    {
        var number = _engine.Journal.NextNumber();
        Volatile.Write(ref _recordedAs, number);
        return _engine.Journal.Intent(number, this, _exchange, _engine.Clock.Now);
    }

    /// <summary>Ends when its first byte leaves; to be asked for before it runs.</summary>
    public Task FirstByteAsync() => (_firstByte = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Gives it up unless it has left, or is leaving: nobody waits for it any more.</summary>
    /// <returns>Whether nothing of it is sent, now or later.</returns>
    public bool GiveUpUnsent()
    {
        if (Interlocked.CompareExchange(ref _fate, GivenUp, Unsent) == Leaves)
            return false;
        // One that has ended without a first byte has given its source back.
        if (EndedAt == 0)
            _cancellation.Cancel();
        return true;
    }

    /// <summary>The headers are here, or nothing will come: the permit learns from it.</summary>
    public void Settle(in Outcome outcome)
    {
        (Failure, WasRefused, IsLost) = (outcome.Class, outcome.Refused, outcome is { Sent: true, BoundsArrival: false });
        var now = AnsweredAt = _engine.Clock.Now;
        // An answer whose body is still to come is judged at its end: it may break off yet.
        _isWellSoFar = outcome.IsWell;
        if (!_isWellSoFar)
            Upstream.Learning.Judge(this, outcome);
        if (!outcome.Sent)
        {
            _promise?.TakeBack();
            _engine.Dispatcher.Return(_permit);
        }
        else if (outcome.BoundsArrival)
        {
            LateAt = _terms.Late(SentAt, now);
            _engine.Dispatcher.Answered(_permit, now);
        }
        else
        {
            LateAt = _terms.Timing == LimitTiming.Nominal ? SentAt : now + _terms.Straggle;
            _engine.Dispatcher.Lost(_permit);
        }
    }

    /// <summary>The body was read to the end, or nothing more of it will be.</summary>
    public void End(bool isWhole)
    {
        if (EndedAt != 0)
            return;
        EndedAt = _engine.Clock.Now;
        _caller.Dispose();
        // The transport may hold on to the token of anything that did not end well, or of a body that is still being sent.
        if (isWhole && _wasReceived && _exchange.Body is null)
            _engine.Timeouts.Return(_cancellation);
        else
            _cancellation.Dispose();
        if (_isWellSoFar)
            Upstream.Learning.Judge(this, new Outcome { Status = Status, Sent = WasSent });
        if (WasSent && !WasRefused && ((isWhole && _wasReceived) || Failure == FailureClass.Timeout))
            Upstream.Adaptation.Ended(this);
        // Before its place is free: whoever counts those under way never counts more than there may be.
        _engine.Ended(this);
        _permit.BringsBody = _wasReceived && _announced != 0 && _exchange.Method != HttpMethod.Head && Status is not (204 or 304);
        _permit.RanOut = Failure == FailureClass.Timeout;
        if (isWhole)
            _engine.Dispatcher.Ended(_permit, EndedAt, Actual);
        else
            _engine.Dispatcher.Lost(_permit);
    }

    /// <summary>It was sent and has ended, and its place is kept until somebody says <see cref="LetGo()"/>.</summary>
    public bool IsKept => _permit.IsKept;

    /// <summary>Its result is on disk, or never will be, or it is tried again: its place is kept no more. To be told as often as one likes.</summary>
    public void LetGo()
    {
        if (IsKept)
            LetGo([this]);
    }

    /// <summary>The same of many at once, of one engine.</summary>
    public static void LetGo(IReadOnlyList<Attempt> attempts) => attempts[0]._engine.Dispatcher.LetGo(attempts.Select(static attempt => attempt._permit));

    public void Dispose() => End(isWhole: false);

    /// <summary>What the ledger says of its end; written once, by whoever knows that its result is on disk.</summary>
    public void WriteEnd()
    {
        if (!WasSent || _isEndWritten)
            return;
        // A redirect or a retry has written it when what comes after it fails.
        _isEndWritten = true;
        _engine.Journal.End(this);
    }

    private Outcome Failed(Exception e)
    {
        // It is given up before its token is told.
        var reason = _fate == GivenUp || _callersToken.IsCancellationRequested && Token.IsCancellationRequested ? CancellationReason.Caller
            : !Token.IsCancellationRequested ? CancellationReason.None
            : _timesOutAtDeadline ? CancellationReason.Deadline
            : CancellationReason.AttemptTimeout;
        // A body that was being read when its time ran out breaks with whatever the transport throws then.
        var outcome = FailureReader.Classify(reason == CancellationReason.None ? e : new OperationCanceledException(e.Message, e), WasSent, reason);
        // Delayed on purpose it waits for no connection.
        return Chaos is not null && !WasSent && reason == CancellationReason.AttemptTimeout
            ? outcome with { Class = FailureClass.Timeout, Detail = "the answer did not come within the timeout (chaos)" }
            : outcome;
    }

    /// <summary>Its time for the answer begins now.</summary>
    public void TimeAnswer() => GiveUpAfter(_exchange.Terms.Timeout ?? Upstream.Adaptation.Timeout, _engine.Clock.Now);

    /// <summary>Until it is handed to the transport only its deadline ends it.</summary>
    public void GiveUpAtDeadline() => GiveUpAfter(TimeSpan.MaxValue, _engine.Clock.Now);

    /// <summary>
    /// No connection is at hand: until the first byte it is the connect timeout that runs. The handler's own is for each connection: of many
    /// requests that wait for one, a connection that fails ends only the first, and the next is begun for the second (10 s each, measured with 5).
    /// </summary>
    private void TimeConnecting()
    {
        GiveUpAfter(Upstream.Configuration.Policy.ConnectTimeout, _engine.Clock.Now);
        // Sent meanwhile, by another thread: its time is that of the answer again.
        if (WasSent)
            GiveUpAfter(_exchange.Terms.Timeout ?? Upstream.Adaptation.Timeout, SentAt);
    }

    /// <summary>After a time, or at the deadline if that is sooner.</summary>
    private void GiveUpAfter(TimeSpan time, long now)
    {
        var left = _exchange.Terms.Deadline is { } deadline ? Time.Clock.Span(Math.Max(0, deadline - now)) : TimeSpan.MaxValue;
        _timesOutAtDeadline = left < time;
        time = left < time ? left : time;
        _cancellation.CancelAfter(time < Time.Clock.LongestTimer ? time : Time.Clock.LongestTimer);
    }
}
