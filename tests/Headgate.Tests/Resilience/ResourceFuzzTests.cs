using Headgate.Resilience;
using Headgate.Tests.Input;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

/// <summary>What the system says of itself, whatever it says.</summary>
public sealed class ResourceFuzzTests
{
    private static readonly (string Path, string Text)[] Files =
    [
        ("proc/stat", "cpu  10 20 30 40 50 60 70 80 0 0\ncpu0 1 2 3 4\n"), ("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 400 kB\n"), ("proc/self/cgroup", "0::/a\n"),
        ("sys/fs/cgroup/cpu.max", "200000 100000\n"), ("sys/fs/cgroup/cpu.stat", "usage_usec 12345\nuser_usec 1\n"), ("sys/fs/cgroup/memory.max", "1000000\n"),
        ("sys/fs/cgroup/memory.current", "500000\n"), ("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 100\n"),
    ];

    [Fact]
    public void Nothing_throws_and_shares_are_shares() => Fuzzing.ForAWhile(random =>
    {
        using var folder = new TempFolder();
        var time = new VirtualTime();
        var reader = new ResourceReader(new Clock(time), 2, folder["."]);
        for (var reading = 0; reading < 2; reading++)
        {
            foreach (var (path, text) in Files)
                if (random.Next(4) > 0)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!);
                    folder.Write(path, Fuzzing.Mutate(random, text));
                }
            time.Advance(TimeSpan.FromSeconds(1));
            var use = reader.Read();
            Assert.InRange(use.Cpu ?? 0, 0, 1000);
            Assert.InRange(use.Memory ?? 0, 0, 1000);
        }
    }, batch: 20);
}
