using System.Net;
using Headgate.Retries;

namespace Headgate;

/// <summary>
/// The body of an answer, which holds the place of its attempt until it was read to the end or thrown away. What breaks on the way is told in the
/// same exceptions as what breaks before the headers.
/// </summary>
internal sealed class AnswerContent : HttpContent
{
    private readonly HttpContent _source;
    private readonly Sender _sender;
    private readonly CancellationToken _callers;
    private bool _isFinished;

    /// <summary>Takes the body of an answer over; its attempt ends here and now if there is none.</summary>
    public AnswerContent(HttpResponseMessage answer, Exchange exchange, Sender sender, CancellationToken callers)
    {
        (_source, Exchange, _sender, _callers, Token) = (answer.Content, exchange, sender, callers, exchange.Last!.Token);
        foreach (var header in _source.Headers.NonValidated)
            if (header.Value.Count == 1)
                Headers.TryAddWithoutValidation(header.Key, header.Value.ToString());
            else
                Headers.TryAddWithoutValidation(header.Key, header.Value);
        Length = answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified || exchange.Method == HttpMethod.Head ? 0 : exchange.Last!.AnnouncedLength;
        if (Length == 0)
            Finish(isWhole: true);
        else
            sender.Open.Add(this);
    }

    public Exchange Exchange { get; }

    /// <summary>Who asked for it, as far as is known: the tenant, or the span it is part of.</summary>
    public string? Caller { get; init; }

    /// <summary>How long the body is; null if nobody says.</summary>
    public long? Length { get; }

    /// <summary>Ends the attempt: its timeout, the deadline, or the caller's.</summary>
    public CancellationToken Token { get; }

    /// <summary>Its place in <see cref="OpenAnswers"/>.</summary>
    public LinkedListNode<AnswerContent>? Place { get; set; }

    public AnswerPath Path => new(Exchange);

    /// <summary>Whether the body says what units came to, and has to be looked at for that.</summary>
    public bool TellsCost => Exchange.Last!.Upstream.Configuration.Costs.Any(cost => cost.Actual is not null);

    public long MaxBody => Exchange.Last!.Upstream.Configuration.Policy.MaxBody;

    /// <summary>Whether it has to be read piece by piece, for what it says or for how much it is.</summary>
    private bool IsWatched => TellsCost || Exchange.Last!.Upstream.Configuration.Policy.MaxPassed is not null;

    /// <summary>More than may be passed on is thrown away.</summary>
    /// <exception cref="HeadgateException">It is more.</exception>
    public void Bound(long read)
    {
        if (Exchange.Last!.Upstream.Configuration.Policy.MaxPassed is not { } most || read <= most)
            return;
        (Exchange.Failure, Exchange.Detail, Exchange.MaybeSent) = (FailureClass.Invalid, $"the answer is larger than {Configuration.ByteSize.Format(most)} (maxBody)", true);
        throw Failures.Of(Exchange, new InvalidDataException(Exchange.Detail), _callers);
    }

    /// <summary>The token for a read: the attempt's, and the reader's own where that is another.</summary>
    public CancellationTokenSource? Link(CancellationToken reader, out CancellationToken token)
    {
        // The source of the attempt's token may serve another attempt by now.
        if (_isFinished || !reader.CanBeCanceled || reader == _callers)
        {
            token = _isFinished ? reader : Token;
            return null;
        }
        var linked = CancellationTokenSource.CreateLinkedTokenSource(reader, Token);
        token = linked.Token;
        return linked;
    }

    /// <summary>Its time is over, or whoever asked for it gave up: at the next read it breaks.</summary>
    public bool IsOver => !_isFinished && Token.IsCancellationRequested;

    /// <summary>Whoever asked for it seems to have forgotten it: nobody else waits for it, and nothing of it is kept.</summary>
    public void Forget() => (_source as StoringContent)?.GiveUp();

    /// <summary>The body is through, or nothing more of it will be read: its place is free.</summary>
    public void Finish(bool isWhole, ReadOnlyMemory<byte> body = default)
    {
        if (Interlocked.Exchange(ref _isFinished, true))
            return;
        _sender.Open.Remove(this);
        var attempt = Exchange.Last!;
        if (!body.IsEmpty)
            attempt.Actual = ActualCost.Read(body, attempt.Permit.Cost, attempt.Upstream.Configuration.Costs);
        if (isWhole)
            Received(attempt);
        attempt.End(isWhole);
        attempt.TryWriteEnd();
        _sender.Finished(Exchange);
    }

    /// <summary>What to throw in the place of what a read threw; null for that itself. The place is free then.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="wasBusy">Its time was over while whoever reads had not asked for more: that is no fault of the server's.</param>
    /// <param name="reader">The token of the read.</param>
    public async ValueTask<Exception?> BreakAsync(Exception failure, bool wasBusy, CancellationToken reader)
    {
        if (!FailureReader.IsOfTransport(failure))
        {
            Finish(isWhole: false);
            return null;
        }
        var reason = reader.IsCancellationRequested || _callers.IsCancellationRequested ? CancellationReason.Caller
            : !Token.IsCancellationRequested ? CancellationReason.None
            : Exchange.Terms.Deadline <= _sender.Now ? CancellationReason.Deadline : CancellationReason.AttemptTimeout;
        var outcome = FailureReader.Classify(reason == CancellationReason.None ? failure : new OperationCanceledException(failure.Message, failure), sent: true, reason) with { BrokeOff = true };
        var counts = !_isFinished && !wasBusy;
        if (counts)
            outcome = await Exchange.Last!.JudgeAsync(outcome).ConfigureAwait(false);
        (Exchange.Failure, Exchange.Detail, Exchange.MaybeSent) = (outcome.Class, outcome.Detail, true);
        // Thrown away meanwhile it has ended already.
        if (counts)
            Exchange.Last!.Break(outcome);
        Finish(isWhole: false);
        return Failures.Of(Exchange, failure, reader.IsCancellationRequested ? reader : _callers);
    }

    /// <summary>Nothing holds on to the token of an attempt whose body is through: its source, and its timer, can serve another.</summary>
    private static void Received(Attempt attempt)
    {
        var nothingLeft = attempt.ReceiveAsync(static (_, _) => ValueTask.CompletedTask);
        if (nothingLeft.IsCompleted)
            nothingLeft.GetAwaiter().GetResult();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = Length ?? 0;
        return Length is not null;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (IsWatched)
        {
            var body = await CreateContentReadStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
                await body.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
            return;
        }
        using var linked = Link(cancellationToken, out var token);
        var target = new TargetStream(stream);
        try
        {
            await _source.CopyToAsync(target, context, token).ConfigureAwait(false);
            BodyLength.ThrowIfCut(Length, target.Written);
            Finish(isWhole: true);
        }
        catch when (target.HasFailed)
        {
            // The disk of whoever reads, for example, is no failure of the server's.
            Finish(isWhole: false);
            throw;
        }
        catch (Exception failure)
        {
            if (await BreakAsync(failure, target.WasBusy, cancellationToken).ConfigureAwait(false) is { } told)
                throw told;
            throw;
        }
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken)
    {
        var wasBusy = IsOver;
        using var linked = Link(cancellationToken, out var token);
        try
        {
            var source = await _source.ReadAsStreamAsync(token).ConfigureAwait(false);
            // Some read all of it before they give anything, and heed no token.
            token.ThrowIfCancellationRequested();
            return new AnswerStream(source, this);
        }
        catch (Exception failure)
        {
            if (await BreakAsync(failure, wasBusy, cancellationToken).ConfigureAwait(false) is { } told)
                throw told;
            throw;
        }
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new AnswerStream(_source.ReadAsStream(cancellationToken), this);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
            Finish(isWhole: false);
        }
        base.Dispose(disposing);
    }
}
