using Headgate.Time;

namespace Headgate;

/// <summary>
/// Hosts that nobody configured, of which there may be a million: those that are not used for a while are forgotten, and where there are too many, or
/// too many files are open for them, those that were used longest ago and that nobody waits for. Thread-safe.
/// </summary>
/// <param name="engine">Whose they are.</param>
/// <param name="register">Where they are.</param>
/// <param name="idle">So long one may be unused; null for ever.</param>
/// <param name="most">So many may be there, beside those in use; null for any number.</param>
internal sealed class UnknownHosts(Engine engine, UpstreamRegister register, TimeSpan? idle, int? most)
{
    /// <summary>Held while some are forgotten: no more are opened meanwhile than wait here.</summary>
    private readonly Lock _lock = new();
    private Mark _hosts = new(most ?? int.MaxValue);
    private Mark _files = new(most ?? int.MaxValue);

    /// <summary>Forgets those that were not used for a while; to be called now and then.</summary>
    public void ForgetIdle()
    {
        if (idle is { } unused)
            engine.UnlessChanging(() => register.ForgetIdle(engine.Clock.Now - Clock.Nanoseconds(unused)));
    }

    /// <summary>A host has come, or a file was opened.</summary>
    /// <param name="newest">The host, which stays, since whoever opened it is about to use it; null for a file.</param>
    public void Opened(Upstream? newest)
    {
        if (most is not { } bound)
            return;
        lock (_lock)
        {
            if (!_hosts.IsPassedBy(register.Held.Count) && !_files.IsPassedBy(engine.Journal.OpenFiles))
                return;
            // All that are too many, and some beyond, so that it is not done for each.
            var many = Math.Max(register.Held.Count, engine.Journal.OpenFiles) - bound + (bound / 8);
            if (engine.UnlessChanging(() => register.ForgetUnused(many, newest)))
                (_hosts, _files) = (_hosts.After(register.Held.Count), _files.After(engine.Journal.OpenFiles));
        }
    }

    /// <summary>From which number on some are to be forgotten. Where all are in use looking for some again and again would cost more than they do.</summary>
    private readonly record struct Mark(int Most, int Next)
    {
        public Mark(int most) : this(most, most) { }

        public bool IsPassedBy(int count) => count > (count < Next / 2 ? Most : Next);

        public Mark After(int count) => this with { Next = count <= Most ? Most : count + (count / 8) };
    }
}
