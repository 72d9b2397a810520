using System.Globalization;

namespace Headgate.Benchmarks;

/// <summary>
/// How much of the machine other programs used while a benchmark ran: all that was used, less what this process and those it started and
/// waited for used. Figures of a time when others were busy are lower bounds.
/// </summary>
internal sealed class Others
{
    private readonly (long Busy, long All, long Ours) _start = Read();

    /// <summary>Their part so far, of all cores.</summary>
    public double Part
    {
        get
        {
            var now = Read();
            return Math.Max(0, now.Busy - _start.Busy - (now.Ours - _start.Ours)) / (double)Math.Max(1, now.All - _start.All);
        }
    }

    /// <summary>Waits until they leave the machine alone for two seconds, but no longer than told.</summary>
    public static async Task WaitAsync(TimeSpan longest)
    {
        var until = DateTime.UtcNow + longest;
        while (DateTime.UtcNow < until)
        {
            var others = new Others();
            await Task.Delay(TimeSpan.FromSeconds(2));
            if (others.Part < 0.05)
                return;
        }
    }

    private static (long Busy, long All, long Ours) Read()
    {
        var all = Numbers(File.ReadLines("/proc/stat").First()).Take(8).ToList();
        // Behind the name, which may have blanks: fields 14 to 17 are our time and that of children that have ended.
        var own = File.ReadAllText("/proc/self/stat");
        var ours = Numbers(own[(own.LastIndexOf(')') + 3)..]).Skip(9).Take(4).Sum();
        return (all.Sum() - all[3] - all[4], all.Sum(), ours);
    }

    private static IEnumerable<long> Numbers(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(text => long.Parse(text, CultureInfo.InvariantCulture));
}
