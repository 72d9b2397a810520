using Headgate.Configuration;
using Microsoft.Extensions.Logging;

namespace Headgate.Tests.Configuration;

/// <summary>The groups <c>log</c> and <c>otlp</c>, and the port of the figures.</summary>
public sealed class SeeingConfigurationTests
{
    [Fact]
    public void What_is_not_given_has_its_default()
    {
        var configuration = WrittenConfiguration.Read("{}").OrThrow();

        Assert.Equal(LogConfiguration.Default, configuration.Log);
        Assert.Equal(OtlpConfiguration.Default, configuration.Otlp);
        Assert.Null(configuration.Serve.MetricsListen);
    }

    [Fact]
    public void What_is_given_is_read()
    {
        var configuration = WrittenConfiguration.Read("""
            {
              "serve": { "metricsListen": "127.0.0.1" },
              "log": { "level": "warning", "format": "json", "steps": true },
              "otlp": { "endpoint": "https://collector.example:4318", "protocol": "grpc", "headers": { "api-key": "env:KEY" } }
            }
            """).OrThrow();

        Assert.Equal("http://127.0.0.1:9092", configuration.Serve.MetricsListen!.ToString());
        Assert.Equal(new LogConfiguration { Level = LogLevel.Warning, Format = LogFormat.Json, Steps = true }, configuration.Log);
        Assert.Equal((new Uri("https://collector.example:4318"), true, ("api-key", "env:KEY")), (configuration.Otlp.Endpoint, configuration.Otlp.IsGrpc, configuration.Otlp.Headers.Single()));
    }

    [Theory]
    [InlineData("INFO", LogLevel.Information)]
    [InlineData("Warn", LogLevel.Warning)]
    [InlineData("CRITICAL", LogLevel.Critical)]
    [InlineData("none", LogLevel.None)]
    public void Levels_are_known_by_the_words_of_other_programs_too(string word, LogLevel level) =>
        Assert.Equal(level, WrittenConfiguration.Read("{}", ("HEADGATE_LOG__LEVEL", word)).OrThrow().Log.Level);

    [Theory]
    [InlineData("""{ "log": { "level": "loud" } }""", "/log/level", "trace, debug")]
    [InlineData("""{ "log": { "level": 3 } }""", "/log/level", "trace, debug")]
    [InlineData("""{ "log": { "format": "xml" } }""", "/log/format", "auto, text or json")]
    [InlineData("""{ "otlp": { "endpoint": "collector:4318" } }""", "/otlp/endpoint", "http://127.0.0.1:4318")]
    [InlineData("""{ "otlp": { "endpoint": "http://user:hunter2@collector" } }""", "/otlp/endpoint", "http://127.0.0.1:4318")]
    [InlineData("""{ "otlp": { "protocol": "http" } }""", "/otlp/protocol", "http/protobuf")]
    [InlineData("""{ "otlp": { "headers": { "api-key": "hunter2" } } }""", "/otlp/headers/api-key", "env:NAME")]
    [InlineData("""{ "otlp": { "headers": { "api key": "env:K" } } }""", "/otlp/headers/api key", "header")]
    [InlineData("""{ "serve": { "metricsListen": "metrics.example:9092" } }""", "/serve/metricsListen", "9092")]
    public void What_is_wrong_is_told_with_its_place(string json, string pointer, string words)
    {
        var error = Assert.Single(WrittenConfiguration.Errors(json));

        Assert.Contains(pointer, error, StringComparison.Ordinal);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", pointer == "/otlp/headers/api-key" ? error : "", StringComparison.Ordinal);
    }
}
