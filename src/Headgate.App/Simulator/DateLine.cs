using System.Globalization;

namespace Headgate.App.Simulator;

/// <summary>
/// The Date of answers, true to the second. Kestrel's own is up to a second old, and clients learn from it where fixed windows begin.
/// Thread-safe.
/// </summary>
internal sealed class DateLine(SimulatorClock clock)
{
    private Stamp _stamp = new(long.MinValue, "");

    public string Now
    {
        get
        {
            var now = clock.Now;
            var stamp = Volatile.Read(ref _stamp);
            if (stamp.Second != now / TimeSpan.TicksPerSecond)
            {
                stamp = new(now / TimeSpan.TicksPerSecond, SimulatorClock.ToUtc(now).ToString("r", CultureInfo.InvariantCulture));
                Volatile.Write(ref _stamp, stamp);
            }
            return stamp.Text;
        }
    }

    private sealed record Stamp(long Second, string Text);
}
