using Headgate.Resilience;
using Headgate.Time;

namespace Headgate.Tests.Resilience;

public sealed class ResourceReaderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("headgate-resources-").FullName;
    private readonly VirtualTime _time = new();
    private readonly ResourceReader _reader;

    public ResourceReaderTests() => _reader = new ResourceReader(new Clock(_time), processors: 4, _root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_container_of_version_2_is_measured_by_its_quota_and_limit()
    {
        Write("sys/fs/cgroup/cpu.max", "150000 100000");
        Write("sys/fs/cgroup/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
        Write("sys/fs/cgroup/memory.max", "1000");
        Write("sys/fs/cgroup/memory.current", "900");
        Write("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 100\n");
        Assert.Equal(new ResourceUse(null, 800), _reader.Read());
        _time.Advance(TimeSpan.FromSeconds(2));
        Write("sys/fs/cgroup/cpu.stat", "usage_usec 3400000\n");
        Assert.Equal(new ResourceUse(800, 800), _reader.Read());
    }

    [Fact]
    public void A_process_that_sees_its_own_group_reads_that()
    {
        Write("proc/self/cgroup", "0::/a.slice/b\n");
        Write("sys/fs/cgroup/memory.max", "1000");
        Write("sys/fs/cgroup/memory.current", "900");
        Write("sys/fs/cgroup/a.slice/b/memory.max", "1000");
        Write("sys/fs/cgroup/a.slice/b/memory.current", "250");
        Assert.Equal(250, _reader.Read().Memory);
    }

    [Fact]
    public void A_container_of_version_1_is_measured_too()
    {
        Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000");
        Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
        Write("sys/fs/cgroup/cpuacct/cpuacct.usage", "0");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1900");
        _reader.Read();
        _time.Advance(TimeSpan.FromSeconds(1));
        Write("sys/fs/cgroup/cpuacct/cpuacct.usage", "500000000");
        Assert.Equal(new ResourceUse(250, 950), _reader.Read());
    }

    [Fact]
    public void Without_limits_it_is_the_machine()
    {
        Write("sys/fs/cgroup/cpu.max", "max 100000");
        Write("sys/fs/cgroup/cpu.stat", "usage_usec 1\n");
        Write("sys/fs/cgroup/memory.max", "max");
        Write("sys/fs/cgroup/memory.current", "5");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        Write("proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0\ncpu0 1 2 3 4\n");
        Write("proc/meminfo", "MemTotal:       4000 kB\nMemFree:  1 kB\nMemAvailable:   1000 kB\n");
        Assert.Equal(new ResourceUse(null, 750), _reader.Read());
        Write("proc/stat", "cpu  160 0 30 1000 10 0 0 0 0 0\n");
        Assert.Equal(new ResourceUse(450, 750), _reader.Read());
    }

    [Fact]
    public void Where_there_is_nothing_to_read_the_runtime_is_asked_and_nothing_is_thrown()
    {
        Assert.Null(_reader.Read().Cpu);
        _time.Advance(TimeSpan.FromHours(1));
        var use = _reader.Read();
        Assert.InRange(use.Cpu!.Value, 0, 1000);
        Assert.InRange(use.Memory!.Value, 0, 1000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("cpu")]
    [InlineData("cpu a b c d e f")]
    [InlineData("100000 0")]
    [InlineData("-5 -5")]
    [InlineData("99999999999999999999 1")]
    public void Nonsense_in_any_file_throws_nothing(string text)
    {
        foreach (var file in (string[])["proc/stat", "proc/meminfo", "proc/self/cgroup", "sys/fs/cgroup/cpu.max", "sys/fs/cgroup/cpu.stat", "sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current", "sys/fs/cgroup/cpu/cpu.cfs_quota_us"])
            Write(file, text);
        _reader.Read();
        _time.Advance(TimeSpan.FromSeconds(1));
        _reader.Read();
    }

    [Fact]
    public void A_place_that_changes_between_two_readings_is_not_compared()
    {
        Write("proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0\n");
        _reader.Read();
        Write("sys/fs/cgroup/cpu.max", "100000 100000");
        Write("sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
        Assert.Null(_reader.Read().Cpu);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
