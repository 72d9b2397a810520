using System.Collections.Concurrent;
using System.Globalization;
using Headgate.Configuration;
using Headgate.Queues;
using Headgate.Time;

namespace Headgate.App.Service;

/// <summary>
/// Requests that are submitted again and again, at the times of a cron expression. Each is a job whose id is made of the schedule and the time, so that
/// it is one job however often that time is come to. Times that pass while the service is down are left out. Thread-safe.
/// </summary>
/// <param name="settings">Keeps them.</param>
/// <param name="jobs">Takes the jobs.</param>
/// <param name="pressure">What many waiting jobs mean for new ones.</param>
/// <param name="time">The clock.</param>
/// <param name="say">Told of what does not go well; must not throw.</param>
internal sealed class JobSchedules(ISettingStore settings, DurableJobs jobs, Func<BackpressureAct> pressure, TimeProvider time, Action<string> say) : IDisposable
{
    private const string Kind = "schedule";

    /// <summary>What could not be submitted is tried again then.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, JobSchedule> _schedules = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _due = [];
    private ITimer? _timer;
    private bool _isStopped;

    public IReadOnlyList<JobSchedule> All => [.. _schedules.Values.OrderBy(schedule => schedule.Name, StringComparer.Ordinal)];

    /// <summary>Takes up those that were kept.</summary>
    /// <exception cref="JobStoreException">They cannot be read.</exception>
    public async Task StartAsync()
    {
        foreach (var (name, text) in await settings.ReadAsync(Kind))
            Take(JobSchedule.Read(name, text));
    }

    /// <summary>One by its name; null if there is none.</summary>
    public JobSchedule? Find(string name) => _schedules.GetValueOrDefault(name);

    /// <summary>When it is due next; null while it rests, or if never again.</summary>
    public DateTimeOffset? NextOf(JobSchedule schedule)
    {
        lock (_lock)
            return _due.TryGetValue(schedule.Name, out var due) ? due : null;
    }

    /// <summary>Keeps a schedule, in place of the one of its name.</summary>
    /// <exception cref="JobStoreException">It was not kept.</exception>
    public async Task PutAsync(JobSchedule schedule)
    {
        await settings.WriteAsync(Kind, schedule.Name, schedule.Text);
        Take(schedule);
    }

    /// <summary>Drops a schedule; what it has submitted goes on. Says whether there was one.</summary>
    /// <exception cref="JobStoreException">It goes on.</exception>
    public async Task<bool> DeleteAsync(string name)
    {
        await settings.WriteAsync(Kind, name, null);
        lock (_lock)
            _due.Remove(name);
        return _schedules.TryRemove(name, out _);
    }

    /// <summary>Submits the request of a schedule, as if a time of it had come.</summary>
    /// <returns>The id of the job.</returns>
    /// <exception cref="HeadgateException">It cannot be sent.</exception>
    /// <exception cref="JobStoreException">It was not accepted.</exception>
    public async Task<string> SubmitAsync(JobSchedule schedule, DateTimeOffset at)
    {
        var act = pressure();
        if (Backpressure.Refuses(act, schedule.Request.Priority))
            throw new HeadgateException(FailureClass.RateLimit, Backpressure.RefusalOf(act));
        // No key of a submission begins with a line end: nobody can take this name before.
        var id = StoredJob.NameOf($"\nschedule:{schedule.Name}@{at.UtcTicks.ToString(CultureInfo.InvariantCulture)}", 0);
        await jobs.AcceptAsync(new StoredJob(id, schedule.Request, time.GetUtcNow()) { RestsUntil = time.GetUtcNow() + Backpressure.DelayOf(act) });
        return id;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isStopped = true;
            _timer?.Dispose();
        }
    }

    private void Take(JobSchedule schedule)
    {
        _schedules[schedule.Name] = schedule;
        lock (_lock)
        {
            SetDueNeedsLock(schedule, time.GetUtcNow());
            WakeNeedsLock(TimeSpan.Zero);
        }
    }

    private void SetDueNeedsLock(JobSchedule schedule, DateTimeOffset after)
    {
        if (schedule.NextAfter(after) is { } next)
            _due[schedule.Name] = next;
        else
            _due.Remove(schedule.Name);
    }

    private void WakeNeedsLock(TimeSpan atLeast)
    {
        _timer?.Dispose();
        if (_isStopped || _due.Count == 0)
            return;
        var wait = _due.Values.Min() - time.GetUtcNow();
        wait = wait < atLeast ? atLeast : wait > Clock.LongestTimer ? Clock.LongestTimer : wait;
        // Timers fire early, by less than a millisecond.
        _timer = time.CreateTimer(_ => _ = SubmitDueAsync(), null, wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private async Task SubmitDueAsync()
    {
        var now = time.GetUtcNow();
        List<(string Name, DateTimeOffset At)> due;
        lock (_lock)
            due = [.. _due.Where(due => due.Value <= now).Select(due => (due.Key, due.Value))];
        var rest = TimeSpan.Zero;
        foreach (var (name, at) in due)
            try
            {
                if (Find(name) is { } schedule)
                    await SubmitAsync(schedule, at);
                Passed(name, at);
            }
            catch (JobStoreException failure)
            {
                // Its time is kept: it is submitted when there is room.
                say($"schedule {name}: {failure.Message}");
                rest = Rest;
            }
            catch (HeadgateException wrong)
            {
                say($"schedule {name}: {wrong.Message}; this time of it is left out");
                Passed(name, at);
            }
        lock (_lock)
            WakeNeedsLock(rest);
    }

    /// <summary>A time of a schedule is over; those that passed while it could not be submitted are left out.</summary>
    private void Passed(string name, DateTimeOffset at)
    {
        lock (_lock)
            if (_due.TryGetValue(name, out var due) && due == at && Find(name) is { } schedule)
                SetDueNeedsLock(schedule, time.GetUtcNow());
    }
}
