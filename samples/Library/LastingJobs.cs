using Headgate;
using Headgate.Backends;
using Headgate.Jobs;

namespace Library;

/// <summary>Jobs in a file: whatever ends the process, the next one goes on with what is left.</summary>
public static class LastingJobs
{
    public static async Task<(int Ok, long Left)> RunAsync(string api, string file)
    {
        await using var mux = new Multiplexer(o => { o.UseSqlite(file); o.Limits = ["500/s"]; });
        mux.RequestFailed += (_, job) => Console.WriteLine($"{job.Request.Url}: {job.Error}");
        await mux.StartAsync();

        // The same id is the same job, today and tomorrow: whoever is not sure whether it was taken submits it again.
        var verdicts = await mux.SubmitManyAsync(Enumerable.Range(1, 200).Select(number => new JobRequest($"{api}things/{number}") { Id = $"thing-{number}" }));
        foreach (var refused in verdicts.Where(verdict => !verdict.IsAccepted))
            Console.WriteLine(refused.Error!.Message);

        var jobs = await mux.WaitAsync(Enumerable.Range(1, 200).Select(number => $"thing-{number}"), TimeSpan.FromMinutes(1));
        await mux.StopAsync(drain: TimeSpan.FromSeconds(10));
        return (jobs.Count(job => job.Ok), mux.GetStatistics().Queued);
    }
}
