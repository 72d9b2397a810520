using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.Tests.Queues;

public sealed class JobQueuesTests
{
    [Fact]
    public void The_first_queue_that_fits_takes_a_job_that_names_none()
    {
        var queues = Read("""
            "bulk": { "match": { "tags": ["bulk", "night"] } },
            "vip": { "match": { "tenants": ["acme"], "apis": ["shop"] } },
            "files": { "match": { "urls": ["https://files.example/"] } },
            "named": { "workers": 3 }
            """);

        Assert.Equal("bulk", Of(queues, "https://a.example", tags: ["x", "night"]));
        Assert.Equal("bulk", Of(queues, "https://files.example/1", tags: ["bulk"]));
        Assert.Equal("vip", Of(queues, "https://a.example", api: "shop", tenant: "acme"));
        Assert.Null(Of(queues, "https://a.example", api: "other", tenant: "acme"));
        Assert.Equal("files", Of(queues, "https://FILES.example/1"));
        Assert.Null(Of(queues, "https://a.example"));
        Assert.Equal("vip", Of(queues, "https://a.example", tags: ["bulk"], queue: "vip"));
        Assert.Equal("unheard-of", Of(queues, "https://a.example", queue: "unheard-of"));
        Assert.Null(Of(queues, "https://a.example", tags: ["bulk"], queue: "default"));
        Assert.Equal(3, queues.StateOf("named").Workers);
    }

    [Fact]
    public void A_queue_of_no_name_is_refused() =>
        Assert.Equal(FailureClass.Invalid, Assert.Throws<HeadgateException>(() => Of(Read(""), "https://a.example", queue: "a b")).FailureClass);

    private static JobQueues Read(string queues)
    {
        var folder = Directory.CreateTempSubdirectory("headgate-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "headgate.json"), $$"""{ "jobs": { "queues": { {{queues}} } } }""");
            return new JobQueues([.. ConfigurationReader.Read(new ConfigurationSources { Directory = folder, Environment = new Dictionary<string, string>() }).OrThrow().Jobs.Queues]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Of(JobQueues queues, string url, string[]? tags = null, string? tenant = null, string? queue = null, string api = "a") =>
        queues.Of(new JobRequest(url) { Tags = tags ?? [], Tenant = tenant, Queue = queue }, api);
}
