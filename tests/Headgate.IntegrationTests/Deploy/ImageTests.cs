using System.Net.Http.Json;
using System.Text.Json;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Docs;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Deploy;

/// <summary>The program in what an image is made of: no shell, no right, a root that cannot be written to, and <c>/data</c>.</summary>
public sealed class ImageTests(ITestOutputHelper output)
{
    /// <summary>To publish takes half a minute of two processors.</summary>
    public static TheoryData<bool> Kinds => Measured.IsLong ? new() { false, true } : new() { false };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task It_serves_as_user_1654_on_a_root_that_is_read_only_and_its_health_check_knows(bool isPublished)
    {
        Assert.SkipUnless(Environment.UserName == "root", "a root file system needs root to be made");
        await using var api = await SimulatedApi.StartAsync(new());
        await using var jail = await Jail.MakeAsync(isPublished);
        var begun = TimeProvider.System.GetTimestamp();
        var service = jail.Start("serve", "--listen", "127.0.0.1:0", "--up", $"sim={api.Url}", "--limit", "100/s");
        var url = (await service.Output.WaitForAsync("\n")).TrimEnd('\n');
        output.WriteLine($"listens after {TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds:0} ms");
        using var client = new HttpClient { BaseAddress = new Uri(url) };

        var job = await SubmitAsync(client, $"{api.Url}/x");

        Assert.Equal("completed", job.GetProperty("status").GetString());
        var health = await jail.Start([.. HealthCheck().Select(word => word.Replace("http://127.0.0.1:8015", url, StringComparison.Ordinal))]).EndAsync();
        Assert.True(health.Code == 0, $"{health}\n{service.Error.Text}");
        var backup = await jail.Start("backup", "/data/backup.tar").EndAsync();
        Assert.True(backup.Code == 0, backup.ToString());
        Assert.All(Directory.EnumerateFileSystemEntries(jail.Data, "*", SearchOption.AllDirectories), entry => Assert.Equal("1654", OwnerOf(entry)));

        // Beyond loopback, as the image listens, it asks for a token first.
        var refused = await jail.Start(LineOf("CMD")).EndAsync();
        Assert.True(refused.Code == 3 && refused.Error.Contains("headgate tokens add", StringComparison.Ordinal), refused.ToString());
        service.Kill();
        await service.EndAsync();
        Assert.NotEqual(0, (await jail.Start([.. HealthCheck().Select(word => word.Replace("http://127.0.0.1:8015", url, StringComparison.Ordinal))]).EndAsync()).Code);
        var again = jail.Start("serve", "--listen", "127.0.0.1:0");
        using var second = new HttpClient { BaseAddress = new Uri((await again.Output.WaitForAsync("\n")).TrimEnd('\n')) };
        Assert.Equal("completed", (await second.GetFromJsonAsync<JsonElement>($"/api/v1/request/{job.GetProperty("request_id").GetString()}")).GetProperty("status").GetString());
        var token = await jail.Start("tokens", "add", "ci", "--scope", "read,submit").EndAsync();
        Assert.True(token.Code == 0, token.ToString());
    }

    [Fact]
    public void The_image_is_made_of_files_that_are_there()
    {
        var lines = File.ReadAllLines(Path.Combine(Document.Root, "deploy", "Dockerfile"));

        var program = Assert.Single(lines, line => line.StartsWith("RUN ", StringComparison.Ordinal)).Split(' ')[1];
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Path.Combine(Document.Root, program)).HasFlag(UnixFileMode.UserExecute));
        Assert.Contains($"USER {Jail.User}", lines);
        Assert.Equal(["headgate"], LineOf("ENTRYPOINT"));
    }

    /// <summary>What the image asks itself, less the name of the program.</summary>
    private static string[] HealthCheck() => LineOf("HEALTHCHECK")[1..];

    /// <summary>The words at the end of a line of the image.</summary>
    private static string[] LineOf(string instruction)
    {
        var line = Assert.Single(File.ReadAllLines(Path.Combine(Document.Root, "deploy", "Dockerfile")), line => line.StartsWith($"{instruction} ", StringComparison.Ordinal));
        return JsonSerializer.Deserialize<string[]>(line[line.IndexOf('[', StringComparison.Ordinal)..])!;
    }

    private static async Task<JsonElement> SubmitAsync(HttpClient client, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/request") { Content = JsonContent.Create(new { url }), Headers = { { "Prefer", "wait=30" } } };
        using var answer = await client.SendAsync(request);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string OwnerOf(string path)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u", path]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        return stat.StandardOutput.ReadToEnd().Trim();
    }
}
