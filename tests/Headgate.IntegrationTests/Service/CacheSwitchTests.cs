using System.Net;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;
using Microsoft.AspNetCore.Http;

namespace Headgate.IntegrationTests.Service;

/// <summary>A service whose cache is off for a while, and what it says of its files and its keys before anybody asks.</summary>
public sealed class CacheSwitchTests
{
    [Theory]
    [InlineData("\"cache\": \"off\"", "256MiB")]
    [InlineData("\"cache\": \"shared\"", "0")]
    public async Task What_changes_while_the_cache_is_off_is_not_served_from_before(string cache, string disk)
    {
        var value = "old";
        await using var api = await SmallServer.StartAsync(async context =>
        {
            if (context.Request.Method == "PUT")
                value = await new StreamReader(context.Request.Body).ReadToEndAsync();
            else
            {
                context.Response.Headers.CacheControl = "max-age=3600";
                await context.Response.WriteAsync(value);
            }
        });
        await using var cli = new Cli();
        cli.Write("headgate.json", $$"""{ "upstreams": { "api": { "base": ["{{api.Url}}"], "cache": "shared" } } }""");
        Assert.Equal(["old", "old"], await WithAsync(cli, "/up/api/a", "/up/api/a"));
        Assert.Equal(["old"], await WithAsync(cli, "/up/api/a"));
        Assert.Equal(1, api.Requests);

        cli.Write("off.json", $$"""{ "serve": { "cacheDisk": "{{disk}}" }, "upstreams": { "api": { "base": ["{{api.Url}}"], {{cache}} } } }""");
        await using (var service = await ServiceProcess.StartAsync(cli, "--config", "off.json", "--data", "data"))
        {
            using var written = await service.Client.PutAsync("/up/api/a", new StringContent("new"));
            Assert.Equal(HttpStatusCode.OK, written.StatusCode);
        }

        Assert.Equal(["new", "new"], await WithAsync(cli, "/up/api/a", "/up/api/a"));
        Assert.Equal(3, api.Requests);
    }

    [Fact]
    public async Task That_any_of_several_keys_keeps_nothing_is_said_at_the_start_and_once()
    {
        await using var api = await SmallServer.StartAsync(context => context.Response.WriteAsync("ok"));
        await using var cli = new Cli();
        cli.Write("a.key", "secret-one-000");
        cli.Write("b.key", "secret-two-000");
        cli.Write("headgate.json", $$"""{ "upstreams": { "api": { "base": ["{{api.Url}}"], "cache": "shared", "keys": { "from": ["file:a.key", "file:b.key"] } } } }""");

        await using var service = await ServiceProcess.StartAsync(cli, "--config", "headgate.json", "--data", "data");

        await service.Process.Error.WaitForAsync("keeps nothing");
        Assert.Equal("ok", await service.Client.GetStringAsync("/up/api/a"));
        Assert.Single(service.Process.Error.Text.Split('\n'), line => line.Contains("keeps nothing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_directory_that_others_may_write_to_is_told_at_the_start()
    {
        if (OperatingSystem.IsWindows())
            return;
        await using var cli = new Cli();
        var data = Directory.CreateDirectory(cli.PathOf("data")).FullName;
        File.SetUnixFileMode(data, (UnixFileMode)0b111_111_101);

        await using var service = await ServiceProcess.StartAsync(cli, "--data", "data");

        await service.Process.Error.WaitForAsync($"chmod go-w {data}");
    }

    /// <summary>What a service that keeps answers gives.</summary>
    private static async Task<string[]> WithAsync(Cli cli, params string[] paths)
    {
        await using var service = await ServiceProcess.StartAsync(cli, "--config", "headgate.json", "--data", "data");
        var answers = new List<string>();
        foreach (var path in paths)
            answers.Add(await service.Client.GetStringAsync(path));
        service.Process.Terminate();
        await service.Process.EndAsync();
        return [.. answers];
    }
}
