using Headgate;
using Headgate.Jobs;

namespace Library;

/// <summary>A hundred jobs for a service (headgate serve), which does them whatever becomes of this program.</summary>
public static class ServiceJobs
{
    public static async Task<(int Ok, int Heard)> RunAsync(Uri service, string api)
    {
        var heard = 0;
        await using var jobs = new HeadgateServiceClient(service, new HeadgateServiceClientOptions { Patience = TimeSpan.FromMinutes(5) });
        jobs.RequestCompleted += (_, job) => Interlocked.Increment(ref heard);
        await jobs.StartAsync();

        var verdicts = await jobs.SubmitManyAsync(Enumerable.Range(1, 100).Select(number => new JobRequest($"{api}things/{number}") { Tags = ["sample"] }));
        foreach (var refused in verdicts.Where(verdict => !verdict.IsAccepted))
            Console.WriteLine(refused.Error!.Message);

        // This may take as long as the limits of the service make it, and go on over a restart of it.
        var all = await jobs.WaitAsync(verdicts.Where(verdict => verdict.IsAccepted).Select(verdict => verdict.Id!), TimeSpan.FromHours(1));
        for (var times = 0; times < 100 && Volatile.Read(ref heard) < all.Count; times++)
            await Task.Delay(100);
        return (all.Count(job => job.Ok), heard);
    }
}
