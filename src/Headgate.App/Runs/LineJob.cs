using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Jobs;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>One line of a run on its way from the request to the result on disk.</summary>
internal sealed class LineJob(RunWork work, InputLine line, bool isResent)
{
    private readonly Acceptance _accepted = new(line.Request, line.RequestId, work.Time.GetUtcNow(), work.Engine.Clock.Now)
    {
        Line = line.Number,
        IsResent = isResent,
        TooLarge = "the answer is larger than --max-body; with --body-dir DIR it goes into a file",
    };
    private ReceivedBody _body;
    private Exchange? _exchange;

    /// <summary>Ends when the result is on disk, or the line is left to a later run.</summary>
    public async Task RunAsync()
    {
        work.Tally.Begin();
        if (line.Request is not { } request)
        {
            await WriteAsync(Failed(FailureClass.Invalid, line.Error!.ToString(), null), null);
            return;
        }
        if (isResent && !work.Options.MayResend(request))
        {
            await WriteAsync(Failed(FailureClass.MaybeSent, "an earlier run sent it, and what came of it is not known; to send it twice could do harm (--resend-maybe does so all the same)", null), null);
            return;
        }
        Exchange? exchange = null;
        try
        {
            await DelayUntilAsync(request.NotBefore?.From(_accepted.At));
            using var message = JobMessage.Of(request);
            var terms = new SendTerms(_accepted)
            {
                Expected = request.ExpectStatuses.Count > 0 ? [.. request.ExpectStatuses, .. work.Options.OkStatuses] : work.Options.OkStatuses,
                // In their order results wait for each other; a place that waits with them could be the one that all wait for.
                IsRecorded = !work.Options.Ordered,
                Waiting = work.Waiting,
            };
            exchange = _exchange = new Exchange(message, terms) { Receive = ReceiveAsync };
            using var answer = await work.Line.SendAsync(exchange, work.Abort);
            await WriteAsync(_accepted.Answered(answer, _body, exchange, work.Engine.Clock.Now), exchange);
        }
        catch (HeadgateException failure)
        {
            await WriteAsync(Failed(failure.FailureClass, failure.Message, exchange), exchange);
        }
        catch (OperationCanceledException) when (work.IsStopping)
        {
            work.Tally.Abandon(exchange);
            work.Results.Withdraw(line.Number);
        }
        finally
        {
            exchange?.Last?.LetGo();
        }
    }

    private async ValueTask ReceiveAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        try
        {
            _body = await work.Receiver(_exchange!.Upstream!).ReadAsync(stream, BodyLength.Announced(answer), line.Key, cancellation);
        }
        catch (ResultWriteException failure)
        {
            // Our disk, not their answer: the run ends, and this line is done again by the next.
            work.Fail(failure);
            throw new OperationCanceledException(failure.Message, failure, work.Abort);
        }
        if (_body.IsTooLarge)
            answer.Dispose();
        if (_exchange is { IsStored: false, Last: { } last } && last.Upstream.Configuration.Costs.Count > 0)
            last.Actual = ActualCost.Read(_body.Bytes, last.Permit.Cost, last.Upstream.Configuration.Costs);
    }

    private ResultRecord Failed(FailureClass failure, string detail, Exchange? exchange) => _accepted.Failed(failure, detail, exchange, work.Engine.Clock.Now);

    private async Task WriteAsync(ResultRecord record, Exchange? exchange)
    {
        try
        {
            await work.Results.WriteAsync(record, line.Request is null ? default : line.Raw, exchange?.Last is { IsKept: true } last ? last : null);
        }
        catch (ResultWriteException failure)
        {
            // Before its place is free, or others would go in it whose results cannot be written either.
            work.Fail(failure);
            throw;
        }
        work.Finished(record.Outcome, exchange, isResent && exchange is { Attempts: > 0 });
        // Intent, send, result, end: a death in between sends this line again rather than losing it.
        exchange?.Last?.WriteEnd();
    }

    private async Task DelayUntilAsync(DateTimeOffset? at)
    {
        if (at is not { } due)
            return;
        for (var wait = due - work.Time.GetUtcNow(); wait > TimeSpan.Zero; wait = due - work.Time.GetUtcNow())
            await Task.Delay(wait > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait, work.Time, work.Waiting);
    }
}
