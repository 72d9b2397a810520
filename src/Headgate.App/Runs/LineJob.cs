using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>One line of a run on its way from the request to the result on disk.</summary>
internal sealed class LineJob(RunWork work, InputLine line, bool isResent)
{
    private readonly DateTimeOffset _acceptedAt = work.Time.GetUtcNow();
    private readonly long _acceptedMono = work.Engine.Clock.Now;
    private ReceivedBody _body;
    private Exchange? _exchange;

    /// <summary>Ends when the result is on disk, or the line is left to a later run.</summary>
    public async Task RunAsync()
    {
        work.Tally.Begin();
        if (line.Request is not { } request)
        {
            await WriteAsync(Failed(FailureClass.Invalid, line.Error!.ToString()), null, null);
            return;
        }
        if (isResent && !work.Options.MayResend(request))
        {
            await WriteAsync(Failed(FailureClass.MaybeSent, "an earlier run sent it and died before the answer; to send it twice could do harm (--resend-maybe does so all the same)"), request, null);
            return;
        }
        Exchange? exchange = null;
        try
        {
            await DelayUntilAsync(request.NotBefore?.From(_acceptedAt));
            using var message = MessageOf(request);
            exchange = _exchange = ExchangeOf(request, message);
            using var answer = await work.Line.SendAsync(exchange, work.Abort);
            await WriteAsync(AnsweredBy(answer, request, exchange), request, exchange);
        }
        catch (HeadgateException failure)
        {
            await WriteAsync(Failed(failure.FailureClass, failure.Message), request, exchange);
        }
        catch (OperationCanceledException) when (work.IsStopping)
        {
            work.Tally.Abandon();
            work.Results.Withdraw(line.Number);
        }
    }

    private static HttpRequestMessage MessageOf(JobRequest request)
    {
        try
        {
            return request.ToMessage();
        }
        catch (Exception failure) when (failure is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new HeadgateException(FailureClass.Invalid, failure.Message, failure);
        }
    }

    private Exchange ExchangeOf(JobRequest request, HttpRequestMessage message) => new(message)
    {
        Priority = request.Priority,
        Tenant = request.Tenant,
        DeclaredCost = request.Cost.Count > 0 ? request.Cost : null,
        Timeout = request.Timeout,
        Retries = request.Retries,
        RetryDelay = request.RetryDelay,
        Earliest = Mono(request.NotBefore) ?? 0,
        Deadline = Mono(request.Deadline),
        StartBy = Mono(request.StartBy),
        Expected = request.ExpectStatuses.Count > 0 ? [.. request.ExpectStatuses, .. work.Options.OkStatuses] : work.Options.OkStatuses,
        Receive = ReceiveAsync,
        Waiting = work.Waiting,
        Line = line.Number,
        Id = request.Id,
    };

    private async ValueTask ReceiveAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        try
        {
            _body = await work.Receiver(_exchange!.Last!.Upstream).ReadAsync(stream, answer.Content.Headers.ContentLength, line.Key, cancellation);
        }
        catch (ResultWriteException failure)
        {
            // Our disk, not their answer: the run ends, and this line is done again by the next.
            work.Fail(failure);
            throw new OperationCanceledException(failure.Message, failure, work.Abort);
        }
        if (_body.IsTooLarge)
            answer.Dispose();
        var last = _exchange!.Last!;
        if (last.Upstream.Configuration.Costs.Count > 0)
            last.Actual = ActualCost.Read(_body.Bytes, last.Permit.Cost, last.Upstream.Configuration.Costs);
    }

    private ResultRecord AnsweredBy(HttpResponseMessage answer, JobRequest request, Exchange exchange)
    {
        var status = (int)answer.StatusCode;
        var outcome = JobOutcome.Of(status, exchange.Failure, [.. exchange.Expected]);
        var detail = exchange.Detail;
        if (_body.IsTooLarge)
            (outcome, detail) = (JobOutcome.Of(null, FailureClass.Invalid), $"the answer is larger than --max-body; with --body-dir DIR it goes into a file");
        var headers = JobFields.Received();
        foreach (var (name, values) in answer.Headers.NonValidated)
            foreach (var value in values)
                headers.Add(name, value);
        foreach (var (name, values) in answer.Content.Headers.NonValidated)
            foreach (var value in values)
                headers.Add(name, value);
        var last = exchange.Last!;
        return Record(outcome, detail ?? (outcome.Ok ? null : $"the server answered {status}"), request, exchange, new JobResult
        {
            StatusCode = status,
            Headers = headers,
            Content = _body.Bytes,
            ContentFile = _body.File,
            Elapsed = Clock.Span(last.EndedAt - last.SentAt),
        });
    }

    private Func<JobRequest?, Exchange?, ResultRecord> Failed(FailureClass failure, string detail) =>
        (request, exchange) => Record(JobOutcome.Of(null, failure), detail, request, exchange, null);

    private Task WriteAsync(Func<JobRequest?, Exchange?, ResultRecord> record, JobRequest? request, Exchange? exchange) =>
        WriteAsync(record(request, exchange), request, exchange);

    private async Task WriteAsync(ResultRecord record, JobRequest? request, Exchange? exchange)
    {
        await work.Results.WriteAsync(record, request is null ? default : line.Raw);
        work.Finished(record.Outcome, exchange, isResent);
        // Intent, send, result, end: a death in between sends this line again rather than losing it.
        exchange?.Last?.WriteEnd();
    }

    private ResultRecord Record(JobOutcome outcome, string? detail, JobRequest? request, Exchange? exchange, JobResult? result)
    {
        var now = work.Engine.Clock.Now;
        return new ResultRecord
        {
            RequestId = line.RequestId,
            Id = request?.Id,
            Line = line.Number,
            Url = request?.Url,
            Method = request?.Method,
            Outcome = outcome,
            Result = result,
            Latency = Clock.Span(now - _acceptedMono),
            Attempts = exchange?.Attempts ?? 0,
            CreatedAt = _acceptedAt,
            StartedAt = exchange is { FirstSentAt: > 0 } ? _acceptedAt.AddTicks((exchange.FirstSentAt - _acceptedMono) / 100) : null,
            CompletedAt = _acceptedAt.AddTicks((now - _acceptedMono) / 100),
            LastError = exchange?.LastError,
            Detail = detail,
            GateWait = Clock.Span(exchange?.Waited ?? 0),
            Holding = exchange?.HeldBy?.Describe(),
            Key = exchange?.Last?.Permit.Key?.Name,
            MaybeSent = isResent || exchange is { MaybeSent: true },
            Context = request?.RawContext ?? default,
            Tags = request?.Tags ?? [],
        };
    }

    private long? Mono(Moment? moment) => moment is { } at ? _acceptedMono + (at.From(_acceptedAt) - _acceptedAt).Ticks * 100 : null;

    private async Task DelayUntilAsync(DateTimeOffset? at)
    {
        if (at is not { } due)
            return;
        for (var wait = due - work.Time.GetUtcNow(); wait > TimeSpan.Zero; wait = due - work.Time.GetUtcNow())
            await Task.Delay(wait > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : wait, work.Time, work.Waiting);
    }
}
