<?php
// Errors and reads without unions, by openapi-generator's client for PHP: a union it can neither build nor read.
require 'GuzzleHttp/autoload.php';
spl_autoload_register(function ($name) {
    require __DIR__ . '/client/lib/' . strtr(substr($name, strlen('OpenAPI\\Client\\')), '\\', '/') . '.php';
});

$configuration = (new OpenAPI\Client\Configuration())->setHost($argv[1]);
$simulations = new OpenAPI\Client\Api\SimulationsApi(null, $configuration);
try {
    $simulations->getSimulation(str_repeat('0', 64));
} catch (OpenAPI\Client\ApiException $refused) {
    $problem = $refused->getResponseObject();
    $is = $problem instanceof OpenAPI\Client\Model\Problem ? 'a Problem:' : 'none:';
    echo "$is {$refused->getCode()} {$problem->getCode()}\n";
}
$operations = new OpenAPI\Client\Api\OperationsApi(null, $configuration);
echo "version {$operations->getVersion()->getVersion()}\n";
