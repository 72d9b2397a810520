using System.Text;
using System.Text.Json;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.Remote;

/// <summary>To whom a <see cref="ServiceListener"/> tells what it hears.</summary>
/// <param name="Wants">Whether anybody wants to know of such events.</param>
/// <param name="Find">The jobs of some ids as they stand now, by their ids.</param>
/// <param name="Tell">Takes an event.</param>
/// <param name="Missed">Some events between are not known any more.</param>
/// <param name="Notice">Takes what a user should know of.</param>
internal sealed record ServiceListeners(
    Func<JobEvent, bool> Wants, Func<IReadOnlyList<string>, CancellationToken, Task<IReadOnlyDictionary<string, Job>>> Find, Action<JobEvent, Job> Tell, Action Missed, Action<string> Notice);

/// <summary>Listens to the events of a service over one connection. When that breaks it comes back, and says what it has heard last.</summary>
/// <param name="calls">The service.</param>
/// <param name="to">Whom it tells.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceListener(ServiceCalls calls, ServiceListeners to, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Jobs that are asked for together.</summary>
    private const int Together = 256;

    /// <summary>A service says something each 15 seconds: one that does not is gone.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _isOpen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private string? _last;

    /// <summary>Ends when it hears, or has tried to once.</summary>
    public Task Opened => _isOpen.Task;

    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _isOpen.TrySetResult();
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        for (var times = 0; !_end.IsCancellationRequested;)
            try
            {
                await ListenAsync(() => times = 0).ConfigureAwait(false);
                await Task.Delay(ServicePause.After(times++, null, 1), time, _end.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (times == 0)
                    to.Notice($"events of {calls.Service} are not heard now, and will be as soon as it can be reached: {failure.Message}");
                _isOpen.TrySetResult();
                await Task.Delay(ServicePause.After(times++, null, 1), time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
    }

    private async Task ListenAsync(Action isHeard)
    {
        var headers = new Dictionary<string, string> { ["Accept"] = "text/event-stream" };
        if (_last is { } last)
            headers["Last-Event-ID"] = last;
        using var answer = await calls.OpenAsync(new ServiceCall(HttpMethod.Get, "api/v1/events"), headers, _end.Token).ConfigureAwait(false);
        var stream = await answer.Content.ReadAsStreamAsync(_end.Token).ConfigureAwait(false);
        var (events, buffer) = (new ServerEvents(), new byte[16 * 1024]);
        while (await ReadAsync(stream, buffer).ConfigureAwait(false) is > 0 and var length)
        {
            foreach (var some in events.Take(buffer.AsSpan(0, length)).Chunk(Together))
            {
                await TakeAsync(some).ConfigureAwait(false);
                _last = some[^1].Id ?? _last;
            }
            // Also that of the greeting, before the first event.
            _last = events.LastId ?? _last;
            isHeard();
            _isOpen.TrySetResult();
        }
    }

    private async Task<int> ReadAsync(Stream stream, byte[] buffer)
    {
        using var quiet = new CancellationTokenSource(Quiet, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(quiet.Token, _end.Token);
        try
        {
            return await stream.ReadAsync(buffer, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (!_end.IsCancellationRequested)
        {
            throw new IOException("nothing was heard for a minute", late);
        }
    }

    private async Task TakeAsync(IReadOnlyList<ServerEvent> events)
    {
        var wanted = new List<(JobEvent What, Job Job)>();
        foreach (var told in events)
            if (told.Name == "missed")
                to.Missed();
            else if (JobEventNames.TryRead(told.Name, out var what) && to.Wants(what))
                wanted.Add((what, JobOf(told.Data)));
        if (wanted.Count == 0)
            return;
        // An event says little of a job; its result and what it ran into are told by the job itself.
        var jobs = await to.Find([.. wanted.Select(told => told.Job.Id).Distinct()], _end.Token).ConfigureAwait(false);
        foreach (var (what, job) in wanted)
            to.Tell(what, jobs.GetValueOrDefault(job.Id) ?? job);
    }

    private static Job JobOf(string data)
    {
        try
        {
            return ServiceWords.JobOf(Encoding.UTF8.GetBytes(data));
        }
        catch (JsonException broken)
        {
            throw new InvalidDataException($"an event cannot be understood: {broken.Message}", broken);
        }
    }
}
