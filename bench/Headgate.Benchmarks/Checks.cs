using System.Globalization;
using System.Threading.RateLimiting;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Headgate.Limits;
using Perfolizer.Horology;

namespace Headgate.Benchmarks;

/// <summary>What it costs to ask a limiter, where there is room: ours with the clock read, beside the runtime's, which read none.</summary>
internal static class Checks
{
    public static Task RunAsync(Session session)
    {
        var job = Job.InProcess.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(5).WithIterationTime(TimeInterval.FromMilliseconds(50));
        var folder = Path.Combine(Machine.Root, "artifacts", "benchmarks");
        var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(NullLogger.Instance).AddColumnProvider(DefaultColumnProviders.Instance).WithArtifactsPath(folder);
        // One call is measured long after another. So all are measured several times over: what others do on this machine meets each of them.
        var all = Enumerable.Range(0, session.Either(5, 1)).SelectMany(_ => BenchmarkRunner.Run<LimitChecks>(config).Reports)
            .ToLookup(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name);
        var of = all.ToDictionary(reports => reports.Key, reports => (
            Time: Round.Middle(reports.Select(report => report.ResultStatistics?.Median ?? double.NaN)),
            Bytes: reports.Max(report => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0)));
        var it = session.Report;

        var (one, three, settled) = (of[nameof(LimitChecks.One)], of[nameof(LimitChecks.Three)], of[nameof(LimitChecks.OneTakenAndSettled)]);
        var chained = of[nameof(LimitChecks.ThreeChained)];
        it.HoldTime("one limit, sliding: take", Text(one), "≤ 60 ns", one.Time <= 60);
        it.Hold("one limit, sliding: bytes", Bytes(one.Bytes), "0", one.Bytes == 0);
        it.HoldTime("three limits at once, all or nothing: take", Text(three), "≤ 110 ns", three.Time <= 110);
        it.Hold("three limits at once: bytes", Bytes(three.Bytes), "0", three.Bytes == 0);
        it.Hold("three limits at once, of CreateChained of three token buckets", Percent(three.Time / chained.Time), "< 100 %", three.Time < chained.Time);
        it.HoldTime("one limit, guaranteed: take and settle, of a nominal take", Percent(settled.Time / one.Time), "≤ 200 %", settled.Time <= 2 * one.Time);
        foreach (var (name, method) in Others)
            it.Add(name, Text(of[method]));
        return Task.CompletedTask;

        static string Text((double Time, long Bytes) it) => string.Create(CultureInfo.InvariantCulture, $"{it.Time:0} ns, {it.Bytes} B");
        static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0} %");
    }

    private static readonly (string Name, string Method)[] Others =
    [
        ("one limit, bucket: take", nameof(LimitChecks.OneBucket)),
        ("one limit, sliding: AttemptAcquire and dispose", nameof(LimitChecks.OneLease)),
        ("one limit, guaranteed: take and settle", nameof(LimitChecks.OneTakenAndSettled)),
        ("one limit, sliding: refused", nameof(LimitChecks.OneRefused)),
        ("RateLimiting: TokenBucketRateLimiter", nameof(LimitChecks.TokenBucket)),
        ("RateLimiting: SlidingWindowRateLimiter, 10 segments", nameof(LimitChecks.SlidingWindow)),
        ("RateLimiting: FixedWindowRateLimiter", nameof(LimitChecks.FixedWindow)),
        ("RateLimiting: CreateChained of three token buckets", nameof(LimitChecks.ThreeChained)),
        ("the clock alone", nameof(LimitChecks.ClockAlone)),
    ];
}

/// <summary>The calls, for BenchmarkDotNet. All limits are far above what one thread can ask for.</summary>
public class LimitChecks
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly GateLimiter _one = new(["1000000000/s"]);
    private readonly GateLimiter _bucket = new(["1000000000/s burst=1000000000"]);
    private readonly GateLimiter _three = new(["1000000000/s", "60000000000/min", "1000000000000/h"]);
    private readonly GateLimiter _guaranteed = new(["1000000000/s"], new GateLimiterOptions { Timing = LimitTiming.Guaranteed });
    private readonly GateLimiter _full = new(["1/day"]);
    private readonly RateLimiter _tokenBucket = Bucket();
    private readonly RateLimiter _chained = RateLimiter.CreateChained(Bucket(), Bucket(), Bucket());
    private readonly RateLimiter _sliding = new SlidingWindowRateLimiter(new() { PermitLimit = int.MaxValue, Window = Second, SegmentsPerWindow = 10, QueueLimit = 0 });
    private readonly RateLimiter _fixed = new FixedWindowRateLimiter(new() { PermitLimit = int.MaxValue, Window = Second, QueueLimit = 0 });

    public LimitChecks() => _full.TryAcquire();

    [Benchmark]
    public bool One() => _one.TryAcquire();

    [Benchmark]
    public bool OneBucket() => _bucket.TryAcquire();

    [Benchmark]
    public bool Three() => _three.TryAcquire();

    [Benchmark]
    public bool OneLease() => Ask(_one);

    [Benchmark]
    public bool OneTakenAndSettled() => Ask(_guaranteed);

    [Benchmark]
    public bool OneRefused() => _full.TryAcquire();

    [Benchmark]
    public bool TokenBucket() => Ask(_tokenBucket);

    [Benchmark]
    public bool SlidingWindow() => Ask(_sliding);

    [Benchmark]
    public bool FixedWindow() => Ask(_fixed);

    [Benchmark]
    public bool ThreeChained() => Ask(_chained);

    [Benchmark]
    public long ClockAlone() => TimeProvider.System.GetTimestamp();

    private static bool Ask(RateLimiter limiter)
    {
        using var lease = limiter.AttemptAcquire();
        return lease.IsAcquired ? true : throw new InvalidOperationException("refused: the benchmark means to measure what is granted");
    }

    private static TokenBucketRateLimiter Bucket() => new(new() { TokenLimit = int.MaxValue, TokensPerPeriod = int.MaxValue, ReplenishmentPeriod = Second, QueueLimit = 0 });
}
