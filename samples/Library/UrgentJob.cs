using Headgate;
using Headgate.Jobs;

namespace Library;

/// <summary>A thousand jobs that are not urgent, and one that is: it does not wait behind them.</summary>
public static class UrgentJob
{
    public static async Task<(int Ok, string Urgent)> RunAsync(string api)
    {
        await using var mux = new Multiplexer(o => { o.MaxConcurrency = 20; o.Limits = ["500/s"]; });
        mux.RequestFailed += (_, job) => Console.WriteLine($"{job.Id}: {job.Error}");
        await mux.StartAsync();

        var verdicts = await mux.SubmitManyAsync(Enumerable.Range(1, 1000).Select(number => new JobRequest($"{api}things/{number}") { Priority = RequestPriority.Low }));
        foreach (var refused in verdicts.Where(verdict => !verdict.IsAccepted))
            Console.WriteLine(refused.Error!.Message);

        var urgent = await mux.SubmitAsync(new JobRequest($"{api}urgent") { Priority = RequestPriority.Critical });
        var first = await mux.WaitAsync([urgent], TimeSpan.FromMinutes(1));
        var all = await mux.WaitAsync(verdicts.Where(verdict => verdict.IsAccepted).Select(verdict => verdict.Id!), TimeSpan.FromMinutes(1));
        return (all.Count(job => job.Ok), $"{first[0].Status} {first[0].Result?.StatusCode}");
    }
}
