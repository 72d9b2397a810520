using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Queues;

/// <summary>One job on the line, from the queue to its end. It never fails: whatever happens becomes its record.</summary>
internal sealed class JobRun(JobScheduler scheduler, JobEntry entry) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();

    /// <summary>Ends its waiting: by its caller, or because others are to go on with it. Null where it ends with the process.</summary>
    private CancellationTokenSource? _waiting;
    private Exchange? _exchange;
    private ReceivedBody _body;

    private Job Job => entry.Job;

    private Clock Clock => scheduler.Engine.Clock;

    private bool WasSent => _exchange is { Attempts: > 0 } or { Last.WasSent: true };

    /// <summary>Gives it up wherever it stands; of no effect when it has ended.</summary>
    public void Cancel()
    {
        try
        {
            _cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at the same moment.
        }
    }

    /// <summary>Comes back when it waits for its permit, so that jobs enter the gate in their order.</summary>
    public async Task RunAsync()
    {
        ResultRecord record;
        try
        {
            using var message = JobMessage.Of(Job.Request, Job.Sign);
            if (scheduler.IsKept)
                _waiting = CancellationTokenSource.CreateLinkedTokenSource(_cancel.Token, scheduler.Draining);
            _exchange = ExchangeOf(message);
            Job.Begin(_exchange);
            using var answer = await scheduler.Line.SendAsync(_exchange, _cancel.Token).ConfigureAwait(false);
            record = Job.Accepted.Answered(answer, _body, _exchange, Clock.Now);
        }
        catch (HeadgateException failure)
        {
            record = Failed(failure.FailureClass, failure.Message);
        }
        catch (OperationCanceledException) when (_waiting is { IsCancellationRequested: true } && !_cancel.IsCancellationRequested)
        {
            _exchange?.Last?.TryWriteEnd();
            scheduler.Leave(entry);
            return;
        }
        catch (Exception failure) when (failure is Ledgers.LedgerException or Ledgers.ScopeHeldException && scheduler.IsKept && (!WasSent || Job.Request.IsRepeatable))
        {
            // Nothing may be sent that is not recorded, and it was accepted: it waits until there is room, or whoever has its limits is gone.
            scheduler.GiveBack(entry);
            return;
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested)
        {
            record = Failed(FailureClass.Cancelled, "its caller cancelled it");
        }
        catch (Exception failure)
        {
            // Keys that cannot be read, a disk that takes no record: the job cannot be sent, and it was accepted, so it has an end all the same.
            record = Failed(scheduler.IsKept && WasSent ? FailureClass.MaybeSent : FailureClass.Invalid, failure.Message);
        }
        try
        {
            await scheduler.KeepAsync(Job, record).ConfigureAwait(false);
            if (_exchange?.Last?.TryWriteEnd() is { } unwritten)
                scheduler.Engine.Notice($"what was sent cannot be recorded: {unwritten.Message}");
            _exchange?.Last?.LetGo();
        }
        finally
        {
            scheduler.Ended(entry, record);
        }
    }

    public void Dispose()
    {
        _waiting?.Dispose();
        _cancel.Dispose();
    }

    private async ValueTask ReceiveAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var last = _exchange!.IsStored ? null : _exchange.Last;
        var api = _exchange.Upstream!.Configuration;
        var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var length = Retries.BodyLength.Announced(answer);
        var (bytes, isWhole) = length > api.Policy.MaxBody ? (default, false) : await BodyBuffer.ReadAsync(stream, length, api.Policy.MaxBody, cancellation).ConfigureAwait(false);
        _body = new ReceivedBody(isWhole ? bytes : default, null, IsTooLarge: !isWhole);
        if (isWhole)
            Retries.BodyLength.ThrowIfCut(length, bytes.Length);
        else
            answer.Dispose();
        if (api.Costs.Count > 0 && last is not null)
            last.Actual = ActualCost.Read(_body.Bytes, last.Permit.Cost, api.Costs);
    }

    private Exchange ExchangeOf(HttpRequestMessage message)
    {
        var terms = new SendTerms(Job.Accepted)
        {
            StartBy = entry.Expires == Clock.Never ? null : entry.Expires,
            Watch = Watch,
            Id = Job.Id,
            Queue = Job.Queue,
            IsRecorded = scheduler.IsKept,
            Waiting = _waiting?.Token ?? CancellationToken.None,
        };
        return new Exchange(message, terms)
        {
            BegunAt = Math.Max(Job.Accepted.Mono, entry.NotBefore),
            Receive = ReceiveAsync,
            // The queue before the gate is a part of it that costs less.
            Waited = Clock.Now - Math.Max(Job.Accepted.Mono, entry.NotBefore),
        };
    }

    private void Watch(Exchange exchange, LineStep step)
    {
        switch (step)
        {
            case LineStep.Waits:
                // Who was refused waits for the end of the pause, in the gate like all others.
                if (Job.Status is not JobStatus.RateLimited)
                    scheduler.Move(Job, JobStatus.Queued);
                if (exchange.Upstream!.Watch is { IsHolding: true })
                    TellBreaker();
                break;
            case LineStep.Blocked:
                TellBreaker();
                break;
            case LineStep.Permitted:
                scheduler.Permitted(entry);
                break;
            case LineStep.Sent:
                scheduler.Counts.CountSent();
                break;
            case LineStep.Settled when scheduler.IsKept:
                Job.History = [.. Job.History, NoteOf(exchange, exchange.Last!)];
                break;
            case LineStep.Held when exchange.Last!.WasRefused:
                scheduler.Move(Job, JobStatus.RateLimited);
                scheduler.Counts.CountRefusal();
                scheduler.Tell(JobEvent.RateLimited, Job);
                break;
            case LineStep.Held or LineStep.Retries:
                scheduler.Move(Job, JobStatus.Retrying);
                scheduler.Counts.CountRetry();
                scheduler.Tell(JobEvent.Retry, Job);
                break;
        }
    }

    private void TellBreaker()
    {
        if (!Job.HasEnded && entry.IsBreakerNews())
            scheduler.Tell(JobEvent.CircuitOpen, Job);
    }

    private AttemptNote NoteOf(Exchange exchange, Attempt attempt) => new(
        Job.CreatedAt.AddTicks((attempt.TriedAt - Job.Accepted.Mono) / 100),
        attempt.WasSent,
        attempt.Answer is null ? null : attempt.Status,
        attempt.WasSent ? Clock.Span(attempt.AnsweredAt - attempt.SentAt) : TimeSpan.Zero,
        Clock.Span(attempt.Permit.GrantedAt - attempt.Permit.EnqueuedAt),
        attempt.Permit.HeldBy?.Describe(),
        attempt.Permit.Key?.Name,
        attempt.Permit.Proxy?.Name,
        attempt.WasRefused,
        attempt.Answer is null ? exchange.LastError : null);

    private ResultRecord Failed(FailureClass failure, string detail) => Job.Accepted.Failed(failure, detail, _exchange, Clock.Now);
}
